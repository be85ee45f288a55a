/** What containerd.test.ts asks of containerd with its own shim, with ours in its place. */
process.env['TSOCI_ENGINE_SHIM'] = '1';
await import('./containerd.test.ts');
