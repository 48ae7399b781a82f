export const DATATYPES = {};
