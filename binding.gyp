{
  # Two programs end in build/libexec: the addon (tsoci.node) and the stub (tsoci-init).
  # Started through npm (`npm run gyp`, or npm's own install step), which tells node-gyp where Node's headers are.
  'variables': {
    'have_init': '<!(test -f csrc/init/main.c && echo yes || echo no)',
    'warnings': ['-Wall', '-Wextra', '-Wshadow', '-Wconversion', '-Wformat=2', '-Wvla', '-Wmissing-prototypes'],
    'hardening': ['-fstack-protector-strong', '-U_FORTIFY_SOURCE', '-D_FORTIFY_SOURCE=<!(csrc/fortify-level.sh)'],
    'relro': ['-Wl,-z,relro', '-Wl,-z,now', '-Wl,-z,noexecstack', '-Wl,--gc-sections', '-s'],
  },
  'targets': [
    {
      'target_name': 'tsoci',
      'sources': ['<!@(ls csrc/addon/*.c)'],
      'defines': ['NAPI_VERSION=8'],
      'cflags!': ['-O3', '-fno-omit-frame-pointer'],
      'cflags': ['-std=gnu17', '-O2', '-fvisibility=hidden', '-ffunction-sections', '<@(warnings)', '<@(hardening)'],
      'ldflags!': ['-rdynamic'],
      'ldflags': ['<@(relro)'],
    },
    {
      'target_name': 'libexec',
      'type': 'none',
      'dependencies': ['tsoci'],
      'copies': [{ 'destination': '<(module_root_dir)/build/libexec', 'files': ['<(PRODUCT_DIR)/tsoci.node'] }],
    },
  ],
  'conditions': [
    ['have_init=="yes"', {
      'targets': [
        {
          'target_name': 'tsoci-init',
          'type': 'executable',
          'sources': ['<!@(ls csrc/init/*.c)'],
          'include_dirs': ['csrc/init'],
          'defines': ['_GNU_SOURCE'],
          'cflags!': ['-O3', '-fno-omit-frame-pointer', '-pthread', '-fPIC'],
          'cflags': ['-std=gnu17', '-O2', '-fPIE', '-ffunction-sections', '-fdata-sections', '-fno-asynchronous-unwind-tables',
                     '<@(warnings)', '<@(hardening)'],
          'ldflags!': ['-rdynamic', '-pthread'],
          'ldflags': ['-static-pie', '<@(relro)'],
        },
        {
          'target_name': 'libexec-init',
          'type': 'none',
          'dependencies': ['tsoci-init'],
          'copies': [{ 'destination': '<(module_root_dir)/build/libexec', 'files': ['<(PRODUCT_DIR)/tsoci-init'] }],
        },
      ],
    }],
  ],
}
