export interface ParsedSearch { type: string }
