import { isId } from '../container/record/identifier.ts';
import { Failure, messageOf } from '../failure.ts';
import { wholeMessage } from '../failure-words.ts';
import { asFailure } from '../host/files.ts';
import { readArguments } from './arguments.ts';
import { deleteContainer } from './delete.ts';
import { printInfo } from './info.ts';
import { serve } from './serve.ts';
import type { Invocation, ShimCall } from './shim-call.ts';
import { adopt, start } from './start.ts';

const standardError = 2;

/**
 * One call as a shim: `start`, `delete`, `adopt`, `-info`, `-v`, or, without a word to do, the server itself. Gives
 * the exit status. What stands on standard error is part of the answer of `start`: so there is nothing but the
 * message of a failure.
 */
export async function main(call: ShimCall): Promise<number> {
  try {
    await run({ ...call, given: readArguments(call.arguments) });
    return 0;
  } catch (thrown) {
    const error = asFailure(thrown);
    const hint = error instanceof Failure && error.hint !== undefined ? ` (${error.hint})` : '';
    const text = error instanceof Failure ? wholeMessage(error) : `internal error: ${messageOf(error)}`;
    call.host.native.write(standardError, `${text}${hint}\n`);
    return 1;
  }
}

async function run(invocation: Invocation): Promise<void> {
  const { given, host, versionText } = invocation;
  if (given.version) return host.native.write(1, versionText);
  if (given.info) return printInfo(invocation);
  for (const [name, value] of [
    ['namespace', given.namespace],
    ['id', given.id],
  ] as const)
    if (!isId(value)) throw new Failure('invalid', `-${name} ${JSON.stringify(value)} is no name of one`);
  if (given.action === 'start') return start(invocation);
  if (given.action === 'adopt') return adopt(invocation);
  if (given.action === 'delete') return deleteContainer(invocation);
  if (given.action !== '')
    throw new Failure('invalid', `"${given.action}" is neither start, delete nor adopt`);
  return serve(invocation);
}
