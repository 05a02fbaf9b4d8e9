// Package bundled is where a copy of this module has the C library and its header, for programs that are built with the
// tag tigergraph_bundled. packaging/packages of the repository makes such a copy; in the repository itself there is
// nothing else here. It is a package because go mod vendor copies nothing but packages.
package bundled
