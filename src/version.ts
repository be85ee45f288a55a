/** The package's version; a test compares it with package.json. */
export const version = '0.2.0';

/** Set by the build of the executable; not there when run from source. */
declare const TSOCI_COMMIT: string | undefined;

/** What the executable was built from, `undefined` when run from source. */
export const commit = typeof TSOCI_COMMIT === 'string' ? TSOCI_COMMIT : undefined;
