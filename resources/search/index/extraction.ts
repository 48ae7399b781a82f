/**
 * The version of index extraction. Increase it when the rows of a stored resource change, by code or by the definitions
 * of FHIR's types. A database stores the version that its index was made with.
 */
export const EXTRACTION = 1;
