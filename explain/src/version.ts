/** Version of this package: part of every explanation. A test compares it with package.json. */
export const EXPLAIN_VERSION = '0.1.0';
