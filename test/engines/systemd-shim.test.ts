/** What systemd.test.ts asks of containerd's CRI plugin with its own shim, with ours in its place. */
import { Containerd } from './support/containerd.ts';
import { engineSuite } from './support/engine-suite.ts';
import { needs, podBySystemd } from './support/systemd.ts';

process.env['TSOCI_ENGINE_SHIM'] = '1';
const test = engineSuite('CRI, with our shim,', [...needs, 'containerd', 'ctr=containerd'], () =>
  Containerd.open(),
);

test('a pod whose cgroups have systemd’s form: exec, limits and their update, stop', podBySystemd);

test.run();
