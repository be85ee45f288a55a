/** What cri.test.ts asks of containerd's CRI plugin with containerd's own shim, with ours in its place. */
process.env['TSOCI_ENGINE_SHIM'] = '1';
await import('./cri.test.ts');
