/** Version of the runtime specification that this runtime follows. */
export const OCI_VERSION = '1.3.0';
