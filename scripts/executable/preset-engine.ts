import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { alignText } from './align-text.ts';
import { Elf } from './elf.ts';
import { run } from './run.ts';

/**
 * Puts csrc/entry before the entry of a compiled executable, so that the engine starts with our settings: no just-in-time
 * compiler, no extra threads. Nothing stands in front of it (no launcher process, no shell, no caller's environment).
 *
 * Writes `target` and proves that it works: the engine itself reports the settings. Throws when anything is not as
 * expected; the plain executable is then still good, only slower.
 */
export function presetEngine(root: string, plain: string, target: string): void {
  const elf = new Elf(alignText(readFileSync(plain)));
  const address = elf.freeAddress();
  writeFileSync(target, elf.withEntry(compileEntry(root, elf, address), address), { mode: 0o755 });
  for (const [name, value] of settingsOf(root)) verify(target, name, value);
}

/** The settings that csrc/entry/settings.h has. */
function settingsOf(root: string): [name: string, value: string][] {
  const text = readFileSync(join(root, 'csrc', 'entry', 'settings.h'), 'utf8');
  const found = [...text.matchAll(/^SETTING\("BUN_JSC_(\w+)", "(\w+)"\)/gm)];
  return found.map(([, name, value]) => [name as string, value as string]);
}

function compileEntry(root: string, elf: Elf, address: number): Buffer {
  const source = join(root, 'csrc', 'entry');
  const directory = mkdtempSync(join(tmpdir(), 'tsoci-entry-'));
  const at = (name: string) => join(directory, name);
  const cc = process.env['CC'] ?? 'cc';
  try {
    run(cc, [
      ...['-c', '-Os', '-fPIC', '-ffreestanding', '-fno-stack-protector', '-fcf-protection=none'].filter(
        (flag) => elf.machine.name === 'x86-64' || !flag.includes('cf-protection'),
      ),
      ...['-fno-asynchronous-unwind-tables', '-Wall', '-Wextra', '-Werror'],
      ...['-o', at('entry.o'), join(source, 'entry.c')],
    ]);
    run('ld', [
      ...['-static', '-o', at('entry'), '-T', join(source, 'entry.ld'), `--defsym=base=${address}`],
      ...[`--defsym=engine_entry=${elf.entry}`, `--defsym=setenv_slot=${elf.slotOf('setenv')}`],
      at('entry.o'),
    ]);
    run('objcopy', ['-O', 'binary', '--only-section=.text', at('entry'), at('code')]);
    return readFileSync(at('code'));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Asks the engine itself, and that a person's own setting still wins. */
function verify(executable: string, name: string, value: string): void {
  const report = (environment: Readonly<Record<string, string>>) =>
    run(executable, ['--version'], { BUN_JSC_dumpOptions: '1', ...environment });
  // It prints switches as words.
  const shown = value === '0' ? '(?:false|0)' : '(?:true|1)';
  const changed = new RegExp(`^\\s*${name}=${shown} `, 'm');
  if (!changed.test(report({}))) throw new Error(`the engine does not see ${name}=${value}`);
  const opposite = value === '0' ? '1' : '0';
  if (changed.test(report({ [`BUN_JSC_${name}`]: opposite })))
    throw new Error(`${name} cannot be overridden by the environment`);
}
