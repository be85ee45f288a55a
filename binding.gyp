{
  # Two programs end in build/libexec: the addon (tsoci.node) and the stub (tsoci-init).
  # Started through npm (`npm run gyp`, or npm's own install step), which tells node-gyp where Node's headers are.
  'variables': {
    'have_init': '<!(test -f csrc/init/main.c && echo yes || echo no)',
    'warnings': ['-Wall', '-Wextra', '-Wshadow', '-Wconversion', '-Wformat=2', '-Wvla', '-Wmissing-prototypes'],
    'hardening': ['-fstack-protector-strong', '-U_FORTIFY_SOURCE', '-D_FORTIFY_SOURCE=<!(csrc/fortify-level.sh)'],
    'stub': ['-std=gnu17', '-O2', '-fPIE', '-fvisibility=hidden', '-ffunction-sections', '-fdata-sections',
             '-fno-asynchronous-unwind-tables'],
    'conditions': [
      # Without a C library there is no thread-local storage, where the stack protector keeps its secret by default.
      ['target_arch=="x64"', { 'stub': ['-mstack-protector-guard=global'] }],
    ],
    'relro': ['-Wl,-z,relro', '-Wl,-z,now', '-Wl,-z,noexecstack', '-Wl,--gc-sections', '-s'],
  },
  'targets': [
    {
      'target_name': 'tsoci',
      'sources': ['<!@(ls csrc/addon/*.c csrc/addon/*/*.c)'],
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
          # What the stub needs of a C library; csrc/runtime/start.c says why it has its own.
          'target_name': 'tsoci-runtime',
          'type': 'static_library',
          'sources': ['<!@(ls csrc/runtime/*.c)'],
          'defines': ['_GNU_SOURCE'],
          'cflags!': ['-O3', '-fno-omit-frame-pointer', '-pthread', '-fPIC'],
          # The compiler must not make a call of memset out of the loop that is memset.
          'cflags': ['-fno-builtin', '-fno-tree-loop-distribute-patterns', '<@(stub)', '<@(warnings)', '<@(hardening)'],
        },
        {
          'target_name': 'tsoci-init',
          'type': 'executable',
          'dependencies': ['tsoci-runtime'],
          'sources': ['<!@(ls csrc/init/*.c csrc/init/*/*.c)'],
          'include_dirs': ['csrc/init'],
          'defines': ['_GNU_SOURCE'],
          'cflags!': ['-O3', '-fno-omit-frame-pointer', '-pthread', '-fPIC'],
          'cflags': ['<@(stub)', '<@(warnings)', '<@(hardening)'],
          'ldflags!': ['-rdynamic', '-pthread'],
          # -z text: a relocation that start.c does not know is an error of the link, never of the start.
          'ldflags': ['-nostdlib', '-static-pie', '-Wl,-u,_start', '-Wl,--no-dynamic-linker', '-Wl,-z,text',
                      '-Wl,--build-id=none', '<@(relro)'],
          'libraries': ['-lgcc'],
        },
        {
          # Loads libseccomp for the executable, which is static: the one program here that is not.
          'target_name': 'tsoci-library',
          'type': 'executable',
          'sources': ['csrc/library/library.c'],
          'defines': ['_GNU_SOURCE'],
          'cflags!': ['-O3', '-fno-omit-frame-pointer', '-pthread', '-fPIC'],
          'cflags': ['-std=gnu17', '-O2', '-fPIE', '<@(warnings)', '<@(hardening)'],
          'ldflags!': ['-rdynamic', '-pthread'],
          'ldflags': ['-pie', '<@(relro)'],
          'libraries': ['-ldl'],
        },
        {
          'target_name': 'libexec-library',
          'type': 'none',
          'dependencies': ['tsoci-library'],
          'copies': [{ 'destination': '<(module_root_dir)/build/libexec', 'files': ['<(PRODUCT_DIR)/tsoci-library'] }],
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
