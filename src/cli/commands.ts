/**
 * The command table: the one place that says which commands there are. The parser, help, completion and the man pages read it.
 */
import { checkpointShape, restoreShape } from './checkpoint-shapes.ts';
import { row } from './command-row.ts';
import { commandsWithoutContainer } from './commands-without-container.ts';
import * as shapes from './options.ts';
import { eventsShape, statsShape, updateShape } from './resource-shapes.ts';
import type { CommandRow } from './table.ts';

export const commands: readonly CommandRow[] = [
  row({
    name: 'create',
    shape: shapes.createShape,
    summary: 'create a container and stop just before its program',
    description: [
      'Makes everything that config.json asks for: namespaces, cgroup, mounts, limits. The program itself begins with start, so ' +
        'a caller may set up networking in between.',
    ],
    examples: [
      { command: 'create --bundle /srv/web web1', does: 'create web1 from the bundle in /srv/web' },
      {
        command: 'create --pid-file web1.pid web1',
        does: 'create it from the current directory and note its process id',
      },
    ],
    handsOnStreams: true,
    load: () => import('./commands/create.ts'),
  }),
  row({
    name: 'start',
    shape: shapes.idShape,
    summary: 'start the program of a created container',
    description: ['Fails, with the reason, when the program cannot be executed.'],
    examples: [{ command: 'start web1', does: 'start the program of web1' }],
    load: () => import('./commands/start.ts'),
  }),
  row({
    name: 'run',
    shape: shapes.runShape,
    summary: 'create and start a container, and wait for it',
    description: [
      "Signals and the terminal are passed on, and the exit status is the program's (128 and the signal's number when one killed " +
        'it). The container is deleted at the end unless --keep is given. With --detach the program stays in the background, and what it prints ' +
        'still goes to the streams of whoever called: --output names a file instead.',
    ],
    examples: [
      { command: 'run --bundle /srv/web web1', does: 'run web1 in the foreground' },
      {
        command: 'run --detach --output web1.log web1',
        does: 'run it in the background, with its output in a file',
      },
      { command: 'run --trace start.json web1', does: 'and write where the time of its start went' },
    ],
    handsOnStreams: true,
    load: () => import('./commands/run.ts'),
  }),
  row({
    name: 'exec',
    shape: shapes.execShape,
    summary: 'run another program in a running container',
    description: [
      "The exit status is the program's, and 255 when it could not be run. Options stand before the command; the command's own " +
        'options are not looked at. With --process the command comes from a file.',
    ],
    examples: [
      { command: 'exec -t web1 sh', does: 'open a shell in web1' },
      { command: 'exec --user 1000:1000 -e LANG=C web1 ls -l /srv', does: 'run a command as another user' },
    ],
    failureStatus: 255,
    handsOnStreams: true,
    load: () => import('./commands/exec.ts'),
  }),
  row({
    name: 'state',
    shape: shapes.idShape,
    summary: 'print the state of a container as JSON',
    description: ['Status is one of creating, created, running, paused and stopped.'],
    examples: [{ command: 'state web1', does: 'print what is known of web1' }],
    load: () => import('./commands/state.ts'),
  }),
  row({
    name: 'list',
    shape: shapes.listShape,
    summary: 'list the containers under the root directory',
    description: ['Containers of another root directory are seen with the global option --root.'],
    examples: [
      { command: 'list', does: 'a table of all containers' },
      {
        command: '--root /run/containerd/runc/k8s.io list -q',
        does: 'only the ids, of another root directory',
      },
    ],
    load: () => import('./commands/list.ts'),
  }),
  row({
    name: 'kill',
    shape: shapes.killShape,
    summary: 'send a signal to a container',
    description: [
      "The signal goes to the container's first process, or with --all to each of its processes.",
    ],
    examples: [
      { command: 'kill web1', does: 'ask the program of web1 to end (SIGTERM)' },
      { command: 'kill --all web1 KILL', does: 'kill every process of web1' },
    ],
    load: () => import('./commands/kill.ts'),
  }),
  row({
    name: 'delete',
    shape: shapes.deleteShape,
    summary: 'delete stopped containers',
    description: [
      'Removes its cgroup, its state and what is left of its mounts, and runs the poststop hooks.',
    ],
    examples: [
      { command: 'delete web1', does: 'delete web1, which has stopped' },
      { command: 'delete --force web1 web2', does: 'delete two, and kill them first if need be' },
    ],
    load: () => import('./commands/delete.ts'),
  }),
  row({
    name: 'ps',
    shape: shapes.psShape,
    summary: 'show the processes of a container',
    description: [
      "The table comes from the host's ps; options after the id are handed to it and have to show a PID column.",
    ],
    examples: [
      { command: 'ps web1', does: 'show the processes of web1' },
      { command: 'ps web1 -o pid,rss,args', does: 'choose the columns' },
      { command: 'ps --format json web1', does: 'only their process ids on the host' },
    ],
    load: () => import('./commands/ps.ts'),
  }),
  row({
    name: 'pause',
    shape: shapes.idShape,
    summary: 'freeze all processes of a container',
    description: ['They stay in memory and get no processor time until resume.'],
    examples: [{ command: 'pause web1', does: 'freeze web1' }],
    load: () => import('./commands/pause.ts'),
  }),
  row({
    name: 'resume',
    shape: shapes.idShape,
    summary: 'let a paused container go on',
    description: ['The opposite of pause.'],
    examples: [{ command: 'resume web1', does: 'let web1 go on' }],
    load: () => import('./commands/resume.ts'),
  }),
  row({
    name: 'update',
    shape: updateShape,
    summary: 'change the limits of a container',
    description: [
      'All or nothing: when one limit is refused, those in force before are back. What is not named stays as it is. Sizes may end in K, M, G ' +
        'or T, which are powers of 1024.',
      'With --resources all limits come from a JSON document in the form of linux.resources, and options that name limits are without effect.',
    ],
    examples: [
      { command: 'update --memory 512M --pids-limit 100 web1', does: 'give web1 other limits' },
      { command: 'update web1 --cpu-quota -1', does: 'lift the limit of processor time' },
      { command: 'update --resources limits.json web1', does: 'take the limits from a file' },
    ],
    load: () => import('./commands/update.ts'),
  }),
  row({
    name: 'events',
    shape: eventsShape,
    summary: 'print statistics of a container, and when it ran out of memory',
    description: [
      'One JSON object on a line at a time: of type stats at each interval, of type oom when the kernel found no more memory for the ' +
        'container. Ends with the container.',
    ],
    examples: [
      { command: 'events --interval 10s web1', does: 'follow web1' },
      { command: 'events --stats web1', does: 'what web1 uses now' },
    ],
    load: () => import('./commands/events.ts'),
  }),
  row({
    name: 'stats',
    shape: statsShape,
    summary: 'show what containers use, live',
    description: [
      'A table of processor time, memory against its limit, processes, block I/O, how often the processor limit held the container back, and ' +
        'pressure: the share of the last ten seconds in which something waited for processor, memory or I/O (- where the kernel does not ' +
        'measure it). Ends with Ctrl-C, or when the last of the containers that were named has ended.',
    ],
    examples: [
      { command: 'stats', does: 'all running containers, until Ctrl-C' },
      { command: 'stats --no-stream --json web1', does: 'web1 once, for a program' },
    ],
    load: () => import('./commands/stats.ts'),
  }),
  row({
    name: 'checkpoint',
    shape: checkpointShape,
    summary: 'save the processes of a container to a directory',
    description: [
      'CRIU (criu(8)), which has to be installed, writes images of the processes from which restore makes them go on. The container has ended ' +
        'then and is deleted, unless --leave-running is given. The root filesystem is not saved: what the processes wrote to it has to be ' +
        'there when they are restored.',
      'When it fails the container runs on, and the log of CRIU (dump.log in the --work-path) tells why.',
    ],
    examples: [
      { command: 'checkpoint --image-path /srv/saved web1', does: 'save web1 and end it' },
      {
        command: 'checkpoint --pre-dump --image-path /srv/pre web1',
        does: 'save most of its memory while it runs, so that',
      },
      {
        command: 'checkpoint --parent-path ../pre --image-path /srv/saved web1',
        does: 'this stops it for a shorter time',
      },
    ],
    load: () => import('./commands/checkpoint.ts'),
  }),
  row({
    name: 'restore',
    shape: restoreShape,
    summary: 'let a container that was saved go on',
    description: [
      'Makes a container of a bundle, like create, with the processes that checkpoint saved. Namespaces that config.json names by a path are ' +
        "entered, its bind mounts come from where it says now, and its limits hold. Standard streams that were pipes become the caller's. " +
        'In the foreground the exit status is handed on, as by run.',
      'Of the hooks, prestart and createRuntime run when the namespaces are there, poststart when the processes go on.',
      'CRIU gives the processes the identity and the privileges that it finds in the images, so these must come from somebody you trust. A directory ' +
        'that others can change, or that holds links or FIFOs, is refused.',
    ],
    examples: [
      {
        command: 'restore --bundle /srv/web --image-path /srv/saved web1',
        does: 'let web1 go on in the foreground',
      },
      {
        command: 'restore -d --image-path /srv/saved web2',
        does: 'or under another name, in the background',
      },
    ],
    handsOnStreams: true,
    load: () => import('./commands/restore.ts'),
  }),
  ...commandsWithoutContainer,
];
