/** What poll(2) can be told in milliseconds, in seconds: nearly 25 days. */
const longest = Math.floor(0x7fff_ffff / 1000);

/**
 * Seconds that a hook may take (config.md, POSIX-platform Hooks); undefined where it may take as long as it likes.
 * More than the kernel can be asked to wait is as good as that.
 */
export function hookTimeout({ timeout }: { readonly timeout?: number }): number | undefined {
  return timeout === undefined || timeout > longest ? undefined : timeout;
}
