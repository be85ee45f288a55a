/** Polls until `condition` gives something true, and hands it on. Throws, naming `what`, when the time is over. */
export async function until<T>(
  what: string,
  condition: () => T | Promise<T>,
  seconds = process.env['TSOCI_TEST_VM'] === '1' ? 120 : 60,
): Promise<NonNullable<T>> {
  for (const end = Date.now() + seconds * 1000; ; ) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > end) throw new Error(`waited ${seconds} s in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
