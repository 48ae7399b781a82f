/**
 * Which way of reading index rows out of resources this is: raised by whoever changes what rows a stored resource
 * gives, by code or by the definitions of FHIR's types. A database notes by which its index was made.
 */
export const EXTRACTION = 1;
