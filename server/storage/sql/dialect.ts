// The SQL dialects Meridian speaks.

/** By the name of a backend's kind; `mysql` is MariaDB too. */
export type DialectName = "sqlite" | "postgres" | "mysql";
