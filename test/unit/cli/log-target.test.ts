import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { isWanted, levels, logDatagram, logTarget } from '../../../src/cli/log-target.ts';
import { failureOf } from '../refusal.ts';

const test = suite('where log lines go');

test('logTarget() takes a word without a kind for a file, whatever else it looks like', () => {
  for (const path of ['/var/log/tsoci.log', 'log', 'File:x', 'journal:web', 'a:file:b', 'http://x', 'syslog'])
    assert.deepEqual(logTarget(path), { kind: 'file', path });
  assert.deepEqual(logTarget('file:log'), { kind: 'file', path: 'log' });
  // A file that is called so can be named.
  assert.deepEqual(logTarget('file:journald:x'), { kind: 'file', path: 'journald:x' });
  assert.deepEqual(logTarget('file:a\nb'), { kind: 'file', path: 'a\nb' });
});

test('logTarget() knows the sockets of journald and syslog, and who is meant without a name', () => {
  assert.deepEqual(logTarget('journald:web@1.service'), {
    kind: 'journald',
    identifier: 'web@1.service',
    path: '/run/systemd/journal/socket',
  });
  assert.deepEqual(logTarget('syslog:'), { kind: 'syslog', identifier: 'tsoci', path: '/dev/log' });
});

test('logTarget() refuses a name that could not be told from the message', () => {
  for (const name of ['a b', 'a\nPRIORITY=0', 'a]', 'ä', 'a/b']) {
    const failure = failureOf(() => logTarget(`journald:${name}`));
    assert.equal(failure.code, 'invalid');
    assert.ok(failure.message.startsWith(`--log journald:${name}: a name may have `), failure.message);
    assert.match(failure.hint ?? '', /--log journald:web1/);
  }
});

const journal = { kind: 'journald', identifier: 'web', path: '/j' } as const;
const syslog = { kind: 'syslog', identifier: 'web', path: '/s' } as const;

test('logDatagram() has the severities of syslog(2), with syslog in the facility of users', () => {
  const severities = { error: 3, warning: 4, info: 6, debug: 7 };
  for (const level of levels) {
    const severity = severities[level];
    assert.equal(
      logDatagram(journal, level, 'it is so'),
      `PRIORITY=${severity}\nSYSLOG_IDENTIFIER=web\nMESSAGE=it is so\n`,
    );
    assert.equal(logDatagram(syslog, level, 'it is so'), `<${8 + severity}>web: it is so`);
  }
});

test('logDatagram() keeps a message one line, so that none of it becomes a field of the entry', () => {
  const forged = 'mount "/x\nSYSLOG_IDENTIFIER=sshd\nMESSAGE=root logged in": ENOENT';
  const fields = logDatagram(journal, 'error', forged).split('\n');
  assert.deepEqual(
    fields.map((line) => line.split('=')[0]),
    ['PRIORITY', 'SYSLOG_IDENTIFIER', 'MESSAGE', ''],
  );
  assert.equal(fields[2], `MESSAGE=${forged.replaceAll('\n', '\\n')}`);
  assert.doesNotMatch(logDatagram(syslog, 'error', forged), /\n/);
});

test('isWanted() takes what is at least as important as was asked for', () => {
  assert.deepEqual(
    levels.map((most) => levels.filter((level) => isWanted(level, most)).length),
    [1, 2, 3, 4],
  );
  assert.ok(isWanted('error', 'error') && !isWanted('warning', 'error'));
});

test.run();
