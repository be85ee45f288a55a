/** Polls until `condition` gives something true, and hands it on. Throws, naming `what`, when the time is over. */
export async function until<T>(
  what: string,
  condition: () => T | Promise<T>,
  seconds = 20,
): Promise<NonNullable<T>> {
  for (const end = Date.now() + seconds * 1000; ; ) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > end) throw new Error(`waited ${seconds} s in vain: ${what}`);
    await pause(10);
  }
}

export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
