# make help says what there is.

PREFIX ?= /usr/local
DESTDIR ?=
LIBEXECDIR ?= $(PREFIX)/libexec/tsoci
BINDIR ?= $(PREFIX)/bin
MANDIR ?= $(PREFIX)/share/man

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
# One recipe at a time: the machine has few cores, and the steps use them all.
.NOTPARALLEL:

# test-vm: short, or full.
VM ?= short

libexec := build/libexec
stamps := build/stamps
installed := node_modules/.package-lock.json

schemas := $(shell find schemas scripts/schemas -type f 2>/dev/null) scripts/generate-schemas.ts
operations := scripts/generate-wire.ts src/plan/operations.ts $(wildcard src/plan/operations/*.ts) src/plan/wire/wire.ts src/launch/messages.ts
door := scripts/generate-native.ts $(wildcard scripts/native/*.ts) src/host/errno-text.ts
native := binding.gyp $(shell find csrc -type f -not -path '*/generated/*' -name '*.[ch]')
engine := $(wildcard csrc/engine/* scripts/engine/*.ts) package.json
sources := $(shell find src -type f -not -path '*/generated/*')

# The runtime that make conformance looks at.
RUNTIME ?= $(libexec)/tsoci

.PHONY: help build generated demo test test-engines test-vm vm-tools check bench bench-shim conformance runtime-tools package install uninstall clean distclean tools

help:
	@echo 'make build       the executable, the stub and the addon, in $(libexec)'
	@echo 'make demo        build, then run a container and show what it sees'
	@echo 'make test        unit tests, then integration tests, a little of containerd and Docker, and virtual machines (as root; installs what it says it wants)'
	@echo 'make test-engines  Docker, containerd, Podman and others call it; Debian runs in it (as root)'
	@echo 'make test-vm     integration tests in virtual machines with cgroup v2 and systemd; VM=full for all of them'
	@echo 'make check       types, style, C warnings, imports, dead code'
	@echo 'make bench       side by side with the other runtimes that are installed'
	@echo 'make bench-shim  our shim for containerd beside its own with runc; BENCH="--only output" for a part of it'
	@echo 'make conformance the specification, clause by clause, tried on RUNTIME=$(RUNTIME)'
	@echo 'make runtime-tools TOOLS=DIR  the validation programs of runtime-tools, built in DIR, on RUNTIME'
	@echo 'make package     a tarball, a .deb, a .rpm where rpmbuild is, and checksums, in build/package'
	@echo 'make install     to $$(DESTDIR)$$(PREFIX), PREFIX=$(PREFIX)'
	@echo 'make uninstall   what install did, undone'
	@echo 'make clean       remove what was built; distclean removes node_modules as well'

# ---- build ----

tools:
	@scripts/need.sh node=nodejs npm cc=gcc g++ python3

# npm ci empties node_modules first, so it runs only when the lock file is newer than what is installed.
$(installed): package-lock.json | tools
	@echo '== npm packages'
	@npm ci --no-audit --no-fund --loglevel=error || { \
		echo 'npm ci did not succeed; npm install, without changing the lock file:'; \
		npm install --no-package-lock --no-audit --no-fund --loglevel=error; \
	}
	@touch $@

$(stamps)/schemas: $(schemas) $(installed)
	@echo '== types and validators from schemas/'
	@node --import tsx scripts/generate-schemas.ts
	@mkdir -p $(@D) && touch $@

$(stamps)/wire: $(operations) $(installed)
	@echo '== the wire between TypeScript and C'
	@node --import tsx scripts/generate-wire.ts
	@mkdir -p $(@D) && touch $@

$(stamps)/door: $(door) $(installed)
	@echo '== the door between TypeScript and the addon'
	@node --import tsx scripts/generate-native.ts
	@mkdir -p $(@D) && touch $@

$(stamps)/native: $(native) $(stamps)/wire $(stamps)/door
	@echo '== addon and stub'
	@npm run --silent gyp
	@mkdir -p $(@D) && touch $@

# A program without shared libraries: it starts without a loader (docs/architecture.md, "two hosts, one source").
$(stamps)/executable: $(sources) $(native) $(engine) scripts/build-executable.ts $(stamps)/schemas $(stamps)/wire $(stamps)/native
	@echo '== executable'
	@scripts/need.sh wasm2c=wabt musl-gcc=musl-tools
	@node --import tsx scripts/build-executable.ts
	@mkdir -p $(@D) && touch $@

# What `npm install tsoci` brings: the same source as JavaScript, for Node and for libraries.
$(stamps)/dist: $(sources) tsconfig.json tsconfig.build.json $(stamps)/schemas $(stamps)/wire $(stamps)/door
	@echo '== dist/'
	@node_modules/.bin/tsc -p tsconfig.build.json
	@mkdir -p $(@D) && touch $@

build: $(stamps)/executable $(stamps)/dist

# ---- use ----

demo: build
	@scripts/demo.sh

# What types and C code are checked with: `npm run check` asks for it too, or what an older checkout left would be looked at.
generated: $(stamps)/schemas $(stamps)/wire $(stamps)/door

check: generated
	@npm run --silent check

# What only the tests need. A test that can do without says so itself; nothing here stops the run.
test_tools := busybox=busybox-static runc crun newuidmap=uidmap lib:libseccomp.so.2=libseccomp2 strace setfattr=attr setcap=libcap2-bin setfacl=acl ip=iproute2

# Asked for on their own: where these cannot be had the other tests run all the same.
smoke_tools := containerd dockerd=docker.io docker=docker.io

# First what it wants and why, all of it; then it installs. TSOCI_INSTALL=no leaves the machine as it is, and what needs more is skipped.
test: build
	@scripts/need.sh --list 'the integration tests, beside runc and crun' $(test_tools)
	@scripts/need.sh --list 'a little of containerd and Docker' $(smoke_tools)
	@scripts/need.sh --list 'virtual machines with other cgroups, systemd and CRIU' $(vm_tools)
	@scripts/need.sh $(test_tools) || echo 'tests that need them are skipped'
	@scripts/need.sh $(smoke_tools) || echo 'the engines are not tried'
	@scripts/need.sh $(vm_tools) || echo 'no virtual machine is tried'
	@node --import tsx scripts/test.ts $(SUITES) $(if $(MATCH),--match '$(MATCH)')

# Everything that the real engines are asked to do; `make test` leaves it out for its length.
engine_tools := rpmbuild=rpm busybox=busybox-static containerd dockerd=docker.io docker=docker.io podman buildah conmon catatonit runc dropbear=dropbear-bin ssh=openssh-client ip=iproute2

# The schemas that docs/kubernetes is checked with: 25 MB that nothing else needs.
kubernetes := build/kubernetes/node_modules/.package-lock.json
$(kubernetes):
	@echo "== Kubernetes' schemas"
	@mkdir -p build/kubernetes && echo '{"private":true}' > build/kubernetes/package.json
	@npm install --prefix build/kubernetes --no-audit --no-fund --loglevel=error kubernetes-models@5.1.0 js-yaml@4.1.0

# An operating system in a container needs cgroup v2, that is here a virtual machine; its root filesystem is made once (test/vm/debian).
test-engines: build $(kubernetes)
	@scripts/need.sh $(engine_tools) || echo 'tests that need them are skipped'
	@scripts/need.sh $(vm_tools) debootstrap && test/vm/debian || echo 'no operating system is tried'
	@node --import tsx scripts/test.ts engines $(if $(MATCH),--match '$(MATCH)')

# Debian's packages; the kernel is downloaded once, to /var/tmp.
vm_tools := qemu-system-x86_64=qemu-system-x86 busybox=busybox-static cpio lz4 mke2fs=e2fsprogs setpriv=util-linux python3 \
	systemctl=systemd dbus-daemon=dbus criu

vm-tools:
	@scripts/need.sh $(vm_tools)

test-vm: vm-tools build
	@test/vm/test $(VM)

bench: build
	@scripts/need.sh busybox=busybox-static runc crun bwrap=bubblewrap || echo 'measuring without them'
	@node --import tsx bench/bench.ts

bench-shim: build
	@scripts/need.sh containerd ctr=containerd runc busybox=busybox-static
	@node --import tsx bench/shim.ts $(BENCH)

# SPEC is a directory with the text of the specification; without it the clauses are not counted against the text.
conformance: build
	@scripts/need.sh busybox=busybox-static cc=gcc ip=iproute2 unshare=util-linux
	$(if $(SPEC),@node --import tsx conformance/check-text.ts '$(SPEC)')
	@node --import tsx conformance/run.ts --runtime '$(RUNTIME)'

# TOOLS is a checkout of runtime-tools where `make runtimetest validation-executables` was run; see docs/conformance.md.
runtime-tools: build
	@scripts/need.sh unshare=util-linux
	@node --import tsx conformance/runtime-tools.ts '$(TOOLS)' --runtime '$(RUNTIME)'

# The executable tells its commit, so it is made again: make does not know that there was another.
package:
	@rm -f $(stamps)/executable
	@$(MAKE) --no-print-directory build
	@scripts/need.sh dpkg-deb=dpkg readelf=binutils xz=xz-utils || echo 'some packages are not made'
	@scripts/package/make.sh

# The executable under another name first: a call meanwhile sees the old one or the new one.
install: build
	install -d '$(DESTDIR)$(LIBEXECDIR)' '$(DESTDIR)$(BINDIR)'
	install -m 0755 $(libexec)/tsoci-init $(libexec)/tsoci-library '$(DESTDIR)$(LIBEXECDIR)'
	install -m 0755 $(libexec)/tsoci '$(DESTDIR)$(LIBEXECDIR)/tsoci.new'
	mv -f '$(DESTDIR)$(LIBEXECDIR)/tsoci.new' '$(DESTDIR)$(LIBEXECDIR)/tsoci'
	ln -sfnr '$(DESTDIR)$(LIBEXECDIR)/tsoci' '$(DESTDIR)$(BINDIR)/tsoci'
	ln -sfnr '$(DESTDIR)$(LIBEXECDIR)/tsoci' '$(DESTDIR)$(BINDIR)/containerd-shim-tsoci-v2'
	install -d '$(DESTDIR)$(PREFIX)/share/bash-completion/completions' '$(DESTDIR)$(PREFIX)/share/zsh/site-functions'
	$(libexec)/tsoci completion bash > '$(DESTDIR)$(PREFIX)/share/bash-completion/completions/tsoci'
	$(libexec)/tsoci completion zsh > '$(DESTDIR)$(PREFIX)/share/zsh/site-functions/_tsoci'
	@for page in docs/man/*.8; do \
		test -e "$$page" || continue; \
		install -d '$(DESTDIR)$(MANDIR)/man8' && install -m 0644 "$$page" '$(DESTDIR)$(MANDIR)/man8'; \
	done

uninstall:
	rm -rf '$(DESTDIR)$(LIBEXECDIR)'
	rm -f '$(DESTDIR)$(BINDIR)/tsoci' '$(DESTDIR)$(BINDIR)/containerd-shim-tsoci-v2' '$(DESTDIR)$(PREFIX)/share/bash-completion/completions/tsoci' \
		'$(DESTDIR)$(PREFIX)/share/zsh/site-functions/_tsoci' '$(DESTDIR)$(MANDIR)'/man8/tsoci*.8

clean:
	rm -rf build dist csrc/init/generated csrc/addon/generated src/plan/generated src/bundle/generated src/host/generated

distclean: clean
	rm -rf node_modules
