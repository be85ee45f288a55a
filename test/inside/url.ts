/** node:url as far as unit tests use it. */
export const fileURLToPath = (url: string | { readonly pathname: string }): string =>
  typeof url === 'string' ? url.replace(/^file:\/\//, '') : url.pathname;
