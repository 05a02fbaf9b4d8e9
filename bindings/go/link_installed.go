//go:build !tigergraph_bundled

package tigergraphauth

/*
#cgo pkg-config: tigergraph_auth
*/
import "C"
