//go:build !cgo

package tigergraphauth

// Without cgo, none of the files that call the C library is compiled. This name, which is undefined, says so.
var _ = thisPackageNeedsCgo_SetCGO_ENABLED_1_AndInstallACCompiler
