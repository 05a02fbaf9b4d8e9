# Builds the C library and installs it: make, then make install.
# DESTDIR, PREFIX, BINDIR, LIBDIR, INCLUDEDIR, TARGET, CARGO_FLAGS and the rest: packaging/README.md
PREFIX ?= /usr/local
BINDIR ?= $(PREFIX)/bin
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
MANDIR ?= $(PREFIX)/share/man
BASHCOMPDIR ?= $(PREFIX)/share/bash-completion/completions
ZSHCOMPDIR ?= $(PREFIX)/share/zsh/site-functions
FISHCOMPDIR ?= $(PREFIX)/share/fish/vendor_completions.d
CARGO ?= cargo
CARGO_FLAGS ?= --locked
# A folder of its own: beside an rlib, as `cargo build` makes one, Rust leaves link-time optimisation out.
CARGO_TARGET_DIR ?= target/ship
CARGO_HOME ?= $(HOME)/.cargo
TARGET ?= $(CARGO_BUILD_TARGET)
# What cargo is told: cargo-zigbuild takes the version of glibc behind TARGET.
CARGO_TARGET ?= $(TARGET)
INSTALL ?= install
NM ?= nm
OBJCOPY ?= objcopy
LDCONFIG ?= ldconfig

empty :=
space := $(empty) $(empty)
between := $(shell printf '\037')

VERSION := $(shell sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml)
# What programs ask for: a change of it is a change of the ABI. Before 1.0 that is 0.minor, as in Cargo.
SOVERSION := $(shell echo $(VERSION) | sed 's/^\(0\.[0-9]*\).*/\1/; s/^\([1-9][0-9]*\).*/\1/')

# Where the library is, seen from the command line: the way up from BINDIR to what both have in common, then down.
to_lib := $(shell realpath -ms --relative-to='$(BINDIR)' '$(LIBDIR)' 2> /dev/null || \
	python3 -c 'import os, sys; print(os.path.relpath(*sys.argv[1:]))' '$(LIBDIR)' '$(BINDIR)')

# The system that the library is for, which is not always the one that builds it.
system := $(if $(TARGET),$(if $(findstring -apple-,$(TARGET)),Darwin,Other),$(shell uname -s))

name := libtigergraph_auth
ifeq ($(system),Darwin)
plain := $(name).dylib
soname := $(name).$(SOVERSION).dylib
real := $(name).$(VERSION).dylib
# Of three numbers, because other linkers than Apple's want as many.
compatible := $(shell echo $(SOVERSION).0.0 | cut -d . -f 1-3)
versions := -current_version,$(VERSION),-compatibility_version,$(compatible)
link_args := -C link-arg=-Wl,-install_name,@rpath/$(soname),$(versions)
origin := -Wl,-rpath,'@loader_path/$(to_lib)'
else
plain := $(name).so
soname := $(plain).$(SOVERSION)
real := $(plain).$(VERSION)
link_args := -C link-arg=-Wl,-soname,$(soname)
origin := -Wl,-rpath,'$$ORIGIN/$(to_lib)'
endif

built := $(CARGO_TARGET_DIR)/$(if $(TARGET),$(TARGET)/)release
stage := $(built)/stage
sources := Makefile Cargo.toml Cargo.lock build.rs $(shell find build src -type f)
headers := $(wildcard include/*.h include/*.hpp)
cmake_files := $(wildcard packaging/cmake/*.cmake)
tg_auth := $(wildcard examples-c/tg_auth/*.c)

# No path of this machine is left in what is built.
# Flags with a byte between them that is in no path, because a path may hold a space.
flags = $(subst $(space),,$(foreach flag,$(RUSTFLAGS),$(flag)$(between)))--remap-path-prefix=$(CURDIR)=.$(between)$\
	--remap-path-prefix=$(CARGO_HOME)/registry/src=crates
# The feature leaves the library's name to us.
cargo_rustc = CARGO_TARGET_DIR='$(CARGO_TARGET_DIR)' \
	CARGO_ENCODED_RUSTFLAGS='$(flags)' \
	$(CARGO) rustc $(CARGO_FLAGS) --release --lib --features capi --crate-type cdylib,staticlib \
	$(if $(TARGET),--target $(CARGO_TARGET)) -- $(link_args) --print native-static-libs

all: $(stage)/$(real) $(stage)/$(name).a $(stage)/static-needs $(stage)/tg-auth

$(stage)/$(real): $(sources)
	$(cargo_rustc)
	mkdir -p $(stage)
	cp $(built)/$(plain) $@

# What a program has to link beside the static library. Cargo repeats what the compiler said. There is no libgcc_s to
# link with -static; C compilers add it, or libgcc_eh in its place, by themselves.
$(stage)/static-needs: $(stage)/$(real)
	$(cargo_rustc) 2>&1 | sed -n 's/.*native-static-libs: //p' | sed 's/-lgcc_s *//' > $@
	test -s $@

# After static-needs, whose run of Cargo puts Rust's archive there once more.
$(stage)/$(name).a: $(stage)/$(real) $(stage)/static-needs packaging/library
	LD='$(LD)' NM='$(NM)' OBJCOPY='$(OBJCOPY)' AR='$(AR)' \
		packaging/library archive $(stage)/$(real) $(built)/$(name).a $@

# Changes when LIBDIR or BINDIR lead elsewhere than at the last time, so that the command line is linked again.
$(stage)/to-lib: always
	mkdir -p $(stage)
	echo '$(to_lib)' | cmp -s - $@ || echo '$(to_lib)' > $@

# Finds the library from where it is itself, wherever both are installed.
$(stage)/tg-auth: $(tg_auth) $(wildcard examples-c/tg_auth/*.h) include/tigergraph_auth.h $(stage)/$(real) $(stage)/to-lib
	ln -sf $(real) $(stage)/$(plain)
	ln -sf $(real) $(stage)/$(soname)
	$(CC) -std=c11 -O2 $(CPPFLAGS) $(CFLAGS) -Iinclude $(tg_auth) -o $@ $(LDFLAGS) $(origin) -L$(stage) -ltigergraph_auth -pthread

# Where both folders are below PREFIX, the installed files find each other from where they are, and the whole
# may be moved; others are written as they are.
# A space in a path must not make two words of it for make.
one = $(subst $(space),$(between),$(1))
two = $(subst $(between),$(space),$(1))
below = $(call two,$(patsubst $(call one,$(PREFIX))/%,$(2)/%,$(call one,$(1))))
up := $(shell echo '$(call below,$(LIBDIR),.)' | sed 's|^\./||; s|[^/][^/]*|..|g')
movable := $(filter $(call one,$(PREFIX))/%,$(call one,$(LIBDIR)))
# pkg-config wants a space in a path escaped; sed wants the backslash twice.
pc = $(subst $(space),\\$(space),$(1))
pc_prefix := $(if $(movable),$${pcfiledir}/../$(up),$(call pc,$(PREFIX)))
cmake_prefix := $(if $(movable),$${_tga_here}/../../$(up),$(PREFIX))

# The system's loader has a list of the libraries in its folders. A package makes it anew when it is installed; so does
# root, who installs on this very machine. Elsewhere nothing depends on it.
ifeq ($(DESTDIR)$(filter Darwin,$(system)),)
tell_loader = PATH="$$PATH:/sbin:/usr/sbin"; \
	test "`id -u`" != 0 || ! command -v $(LDCONFIG) > /dev/null || $(LDCONFIG) || true
else
tell_loader = :
endif

bin := $(DESTDIR)$(BINDIR)
lib := $(DESTDIR)$(LIBDIR)
cmake := $(lib)/cmake/tigergraph_auth
include := $(DESTDIR)$(INCLUDEDIR)
man := $(DESTDIR)$(MANDIR)/man1
bash := $(DESTDIR)$(BASHCOMPDIR)
zsh := $(DESTDIR)$(ZSHCOMPDIR)
fish := $(DESTDIR)$(FISHCOMPDIR)

install: all
	$(INSTALL) -d '$(bin)' '$(lib)/pkgconfig' '$(cmake)' '$(include)'
	$(INSTALL) -m 755 $(stage)/tg-auth '$(bin)'
	$(INSTALL) -d '$(man)' '$(bash)' '$(zsh)' '$(fish)'
	$(INSTALL) -m 644 packaging/tg-auth/tg-auth.1 '$(man)'
	$(INSTALL) -m 644 packaging/tg-auth/tg-auth.bash '$(bash)/tg-auth'
	$(INSTALL) -m 644 packaging/tg-auth/_tg-auth '$(zsh)'
	$(INSTALL) -m 644 packaging/tg-auth/tg-auth.fish '$(fish)'
	$(INSTALL) -m 755 $(stage)/$(real) '$(lib)/$(real)'
	ln -sf $(real) '$(lib)/$(soname)'
	ln -sf $(real) '$(lib)/$(plain)'
	$(INSTALL) -m 644 $(stage)/$(name).a '$(lib)'
	$(INSTALL) -m 644 $(headers) '$(include)'
	$(INSTALL) -m 644 $(cmake_files) '$(cmake)'
	sed -e 's|@prefix@|$(pc_prefix)|; s|@libdir@|$(call pc,$(call below,$(LIBDIR),$${prefix}))|' \
		-e 's|@includedir@|$(call pc,$(call below,$(INCLUDEDIR),$${prefix}))|; s|@version@|$(VERSION)|' \
		-e "s|@static_needs@|`cat $(stage)/static-needs`|" \
		packaging/tigergraph_auth.pc.in > '$(lib)/pkgconfig/tigergraph_auth.pc'
	sed -e 's|^set(_tga_include .*|set(_tga_include "$(call below,$(INCLUDEDIR),$(cmake_prefix))")|' \
		-e 's|^set(_tga_libdirs .*|set(_tga_libdirs "$${_tga_here}/../..")|' \
		-e "s|^set(_tga_static_needs .*|set(_tga_static_needs `cat $(stage)/static-needs`)|" \
		packaging/cmake/tigergraph_auth-config.cmake > '$(cmake)/tigergraph_auth-config.cmake'
	chmod 644 '$(lib)/pkgconfig/tigergraph_auth.pc' '$(cmake)/tigergraph_auth-config.cmake'
	$(tell_loader)

uninstall:
	rm -f '$(bin)/tg-auth' '$(man)/tg-auth.1' '$(bash)/tg-auth' '$(zsh)/_tg-auth' '$(fish)/tg-auth.fish'
	rm -f '$(lib)/$(real)' '$(lib)/$(soname)' '$(lib)/$(plain)' '$(lib)/$(name).a'
	rm -f '$(lib)/pkgconfig/tigergraph_auth.pc' $(patsubst include/%,'$(include)/%',$(headers))
	rm -f $(patsubst packaging/cmake/%,'$(cmake)/%',$(cmake_files))
	rmdir '$(cmake)' 2> /dev/null || true
	$(tell_loader)

# The stand-in server, for the tests of programs that use the library. It has a target of its own, because it is for tests
# alone: nothing that runs against a real server needs it, and it keeps nothing secret. Without link-time optimisation,
# which it does not need and which takes minutes.
STANDIN_PROFILE ?= release
standin := $(CARGO_TARGET_DIR)/$(if $(TARGET),$(TARGET)/)$(patsubst dev,debug,$(STANDIN_PROFILE))/tigergraph-standin
standin_sources := Makefile Cargo.toml Cargo.lock tests/standin/Cargo.toml $(shell find tests/standin/src -type f)

standin: $(standin)

$(standin): $(standin_sources)
	CARGO_TARGET_DIR='$(CARGO_TARGET_DIR)' CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 \
		$(CARGO) build $(CARGO_FLAGS) --profile $(STANDIN_PROFILE) --package tigergraph-standin \
		$(if $(TARGET),--target $(TARGET))
	touch $@

install-standin: $(standin)
	$(INSTALL) -d '$(bin)' '$(man)'
	$(INSTALL) -m 755 $(standin) '$(bin)'
	$(INSTALL) -m 644 packaging/tigergraph-standin.1 '$(man)'

uninstall-standin:
	rm -f '$(bin)/tigergraph-standin' '$(man)/tigergraph-standin.1'

# The guides, the headers and the comments in the packages as one site, from target/reference/index.html on.
reference:
	rm -rf target/reference
	mkdir -p target/reference/api
	GOFLAGS=-mod=mod go run packaging/doxygen/api/go.go > target/reference/api/go.md
	ruby packaging/doxygen/api/ruby.rb > target/reference/api/ruby.md
	python3 packaging/doxygen/api/dotnet.py > target/reference/api/dotnet.md
	doxygen packaging/doxygen/Doxyfile

# What the library is made of, as CycloneDX.
sbom:
	mkdir -p $(stage)
	packaging/sbom $(TARGET) > $(stage)/tigergraph_auth.cdx.json

# What the library exports, for those who make an import library of their own on Windows.
def: $(stage)/tigergraph_auth.def

$(stage)/tigergraph_auth.def: include/tigergraph_auth.h
	mkdir -p $(stage)
	{ echo 'LIBRARY tigergraph_auth'; echo EXPORTS; \
		sed -n '/^\/\*/,/\*\//d; s/^[a-z].*[ *]\(tg_[a-z0-9_]*\)(.*/    \1/p' $< | sort; } > $@

# The name that programs ask for.
soname:
	@echo $(soname)

always:

# What a failed command left is not taken for a result.
.DELETE_ON_ERROR:
.PHONY: all always install uninstall standin install-standin uninstall-standin reference sbom def soname
