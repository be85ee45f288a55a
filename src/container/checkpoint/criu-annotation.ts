/** An annotation that CRIU's users know: a file with CRIU's own options, which win over ours. */
export const criuAnnotation = 'org.criu.config';
