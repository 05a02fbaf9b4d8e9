//go:build tigergraph_bundled && cgo && !(linux && (amd64 || arm64))

package tigergraphauth

// There are no archives for other systems. This name, which is undefined, says so.
var _ = thereIsNoBundledLibraryForThisSystem_InstallOneAndBuildWithoutTheTag
