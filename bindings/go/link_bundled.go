//go:build tigergraph_bundled && linux && (amd64 || arm64)

package tigergraphauth

// The archives that a copy of this module brings (packaging/packages makes one), in place of an installed library.
// Here are only flags that Go 1.19 accepts: of others, such as -Wl,-z,now, later versions allow more.

/*
#cgo CFLAGS: -DTIGERGRAPHAUTH_BUNDLED -I${SRCDIR}/bundled
#cgo musl CFLAGS: -DTIGERGRAPHAUTH_MUSL
#cgo amd64,!musl LDFLAGS: ${SRCDIR}/bundled/libtigergraph_auth_linux_amd64.a
#cgo arm64,!musl LDFLAGS: ${SRCDIR}/bundled/libtigergraph_auth_linux_arm64.a
#cgo amd64,musl LDFLAGS: ${SRCDIR}/bundled/libtigergraph_auth_linux_musl_amd64.a
#cgo arm64,musl LDFLAGS: ${SRCDIR}/bundled/libtigergraph_auth_linux_musl_arm64.a
#cgo LDFLAGS: -lpthread -lm -ldl
*/
import "C"

import _ "github.com/tigergraph/tigergraph-auth/bindings/go/bundled" // go mod vendor copies folders that are imported.
