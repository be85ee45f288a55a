import { asFailure } from '../host/files.ts';
import type { Outside } from '../host/outside.ts';
import { commands } from './commands.ts';
import { Reporter } from './report.ts';
import { Session } from './session.ts';
import { type Globals, globalOptions } from './table/global-options.ts';
import { helpText, helpWidth } from './table/help.ts';
import { type Parsed, parse } from './table/parse.ts';
import { usageFailure } from './table/usage.ts';
import { versionText } from './version.ts';

type Call = Extract<Parsed, { kind: 'command' }>;

const runtimeError = 1;

/** argv (without the program's name) → exit status. Never throws. */
export async function dispatch(argv: readonly string[], outside: Outside): Promise<number> {
  const parsed = parse(argv, commands, globalOptions);
  const globals = parsed.globals as unknown as Globals;
  const reporter = new Reporter(
    {
      log: globals.log,
      format: globals['log-format'],
      debug: globals.debug,
      level: globals['log-level'],
    },
    outside.sink,
  );
  try {
    if (parsed.kind === 'command') return await call(parsed, globals, reporter, outside);
    if (parsed.kind === 'version') {
      reporter.print(versionText(outside.engine));
      return 0;
    }
    if (parsed.kind === 'help') {
      reporter.print(await helpText(parsed.command, commands, helpWidth(outside)));
      return 0;
    }
    throw usageFailure(parsed.slip, parsed.command, commands);
  } catch (error) {
    reporter.fail(asFailure(error));
    return (parsed.kind === 'command' ? parsed.command.failureStatus : undefined) ?? runtimeError;
  }
}

async function call(parsed: Call, globals: Globals, reporter: Reporter, outside: Outside): Promise<number> {
  const { command, values, rest } = parsed;
  const session = new Session(globals, values['trace'], reporter, outside);
  // A terminal that goes to a console socket is the program's instead of our own streams.
  if (command.handsOnStreams && values['console-socket'] === undefined) reporter.holdWarnings();
  try {
    return await command.handler({
      globals,
      commands,
      values: values as never,
      arguments: parsed.arguments as never,
      rest,
      outside,
      context: () => session.context(),
      print: (text) => reporter.print(text),
      control: (sequence) => reporter.control(sequence),
      again: (words) => session.again(words),
      flush: () => session.flush(),
    });
  } finally {
    session.flushAfter();
  }
}
