import { strict as assert } from 'node:assert';
import { writeFileSync } from 'node:fs';
import { suite } from 'uvu';
import { errorsIn, errorsInFile } from '../../../src/criu/log-errors.ts';
import { native, withDirectory } from '../container/support.ts';

const test = suite('log-errors');

const log = `(00.000013) Version: 3.17.1 (gitid 0)
(00.005012) Warn  (criu/log.c:1): a warning
(00.022203) Error (criu/tun.c:85): tun: Unable to create tun
(01.288322) Error (criu/sk-inet.c:191): inet: Connected TCP socket, consider using --tcp-established option.
(01.288340) Error (criu/sk-inet.c:191): inet: Connected TCP socket, consider using --tcp-established option.
(01.3) pie: 7: Error (criu/pie/restorer.c:1): Cannot open
(02.1) Error (criu/cr-dump.c:1669): Dump files (pid: 193) failed with -1
(02.054478) Error (criu/cr-dump.c:2053): Dumping FAILED.
`;
const last = [
  'inet: Connected TCP socket, consider using --tcp-established option.',
  'Cannot open',
  'Dump files (pid: 193) failed with -1',
];

test('errorsIn() gives the last complaints once each, without the conclusion', () => {
  assert.deepEqual(errorsIn(log.split('\n')), last);
  assert.deepEqual(errorsIn(['(00.1) Dumping finished successfully']), []);
});

test('errorsInFile() reads a log that is longer than a piece; none where there is no log', () =>
  withDirectory((directory) => {
    const path = `${directory}/dump.log`;
    writeFileSync(path, `${'(00.1) some line with an ö\n'.repeat(9000)}${log}`);
    assert.deepEqual(errorsInFile(native, path), last);
    assert.deepEqual(errorsInFile(native, `${directory}/none`), []);
  }));

test.run();
