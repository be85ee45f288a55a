/** config.md: versions, annotations, unknown properties, invalid values. */
import { strict as assert } from 'node:assert';
import { type ConformanceTest, test } from '../support/test.ts';

export const documentTests: readonly ConformanceTest[] = [
  test('version.semantic', async (box) => {
    for (const version of ['', '1', '1.0', 'v1.0.0', '1.0.0.0', '01.0.0', '1.0.0-', 'latest']) {
      await box.refused(`the version "${version}"`, (config) => {
        config.ociVersion = version;
      });
    }
  }),

  test('version.missing', async (box) => {
    await box.refused('a config without ociVersion', (config) => {
      delete (config as { ociVersion?: string }).ociVersion;
    });
  }),

  test('version.compatible', async (box) => {
    for (const version of ['1.0.0', '1.0.2-dev', '1.1.0', '1.2.1+build.7']) {
      assert.equal(
        await box.script('echo ok', (config) => {
          config.ociVersion = version;
        }),
        'ok\n',
        version,
      );
    }
  }),

  test('version.newer-major', async (box) => {
    await box.refused('a newer major version', (config) => {
      config.ociVersion = '2.0.0';
    });
  }),

  test('annotations.any', async (box) => {
    assert.equal(
      await box.script('echo ok', (config) => {
        config.annotations = {
          'com.example.unknown': 'x',
          'no-domain': '',
          'org.opencontainers.image.os': 'linux',
          'org.opencontainers.image.architecture': 'amd64',
          'org.opencontainers.image.stopSignal': 'SIGUSR1',
          'org.opencontainers.image.created': '2024-01-02T03:04:05Z',
          'org.opencontainers.nobody-knows-this': 'x',
        };
      }),
      'ok\n',
    );
  }),

  test('annotations.values', async (box) => {
    for (const value of [1, true, null, { a: 'b' }, ['x']]) {
      await box.refused(`the annotation ${JSON.stringify(value)}`, (config) => {
        config.annotations = { 'com.example.key': value as never };
      });
    }
  }),

  test('annotations.map', async (box) => {
    for (const annotations of ['text', ['a'], 7]) {
      await box.refused(`annotations ${JSON.stringify(annotations)}`, (config) => {
        config.annotations = annotations as never;
      });
    }
    assert.equal(
      await box.script('echo ok', (config) => {
        config.annotations = {};
      }),
      'ok\n',
    );
  }),

  test('annotations.empty-key', async (box) => {
    await box.refused('an empty key', (config) => {
      config.annotations = { '': 'x' };
    });
  }),

  test('extensibility.unknown-properties', async (box) => {
    const unknown = { 'com.example.unknown': { deep: [1, null, 'x'] } };
    assert.equal(
      await box.script('echo ok', (config) => {
        Object.assign(config, unknown);
        Object.assign(config.process, unknown);
        Object.assign(config.process.user ?? {}, unknown);
        Object.assign(config.linux, unknown);
        Object.assign(config.root ?? {}, unknown);
        for (const mount of config.mounts) Object.assign(mount, unknown);
        for (const namespace of config.linux.namespaces ?? []) Object.assign(namespace, unknown);
      }),
      'ok\n',
    );
  }),

  test('valid-values.types', async (box) => {
    const wrong: Readonly<Record<string, (config: Record<string, unknown>) => void>> = {
      'a process that is a list': (config) => {
        config['process'] = [];
      },
      'args that are text': (config) => {
        Object.assign(config['process'] as object, { args: 'sh' });
      },
      'mounts that are no list': (config) => {
        config['mounts'] = {};
      },
      'a hostname that is a number': (config) => {
        config['hostname'] = 7;
      },
      'a readonly that is text': (config) => {
        config['root'] = { path: 'rootfs', readonly: 'yes' };
      },
      'an environment with a number': (config) => {
        Object.assign(config['process'] as object, { env: ['A=1', 2] });
      },
      'a linux section that is text': (config) => {
        config['linux'] = 'yes';
      },
    };
    for (const [what, change] of Object.entries(wrong)) {
      await box.refused(what, (config) => change(config as unknown as Record<string, unknown>));
    }
  }),

  test('valid-values.unsupported', async (box) => {
    await box.refused('an unknown seccomp action', (config) => {
      config.linux.seccomp = { defaultAction: 'SCMP_ACT_NO_SUCH' as never };
    });
    await box.refused('an unknown namespace', (config) => {
      config.linux.namespaces?.push({ type: 'nosuch' as never });
    });
  }),

  test('valid-values.no-json', async (box) => {
    const { writeFileSync } = await import('node:fs');
    for (const text of ['', '{', '[]', 'null', '{"ociVersion": "1.0.0",}']) {
      const container = box.container(['true']);
      writeFileSync(`${container.directory}/config.json`, text);
      const { code } = await box.oci(['create', '--bundle', container.directory, container.id]);
      assert.notEqual(code, 0, JSON.stringify(text));
    }
  }),
];
