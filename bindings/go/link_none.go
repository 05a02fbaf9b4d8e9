//go:build tigergraph_bundled && cgo && !(linux && (amd64 || arm64))

package tigergraphauth

// There are no archives for other systems, as tigergraphauth.h says then.

// #cgo CFLAGS: -DTIGERGRAPHAUTH_NOT_BUNDLED
import "C"
