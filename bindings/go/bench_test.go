package tigergraphauth_test

import (
	"context"
	"testing"
	"time"

	tigergraphauth "github.com/tigergraph/tigergraph-auth/bindings/go"
)

// What a fresh token costs. A token without a login is handed out as it is: no server is needed.
func BenchmarkAuthorization(b *testing.B) {
	conn := connect(b, "http://127.0.0.1:1", tigergraphauth.WithAPIToken("0123456789abcdef0123456789abcdef"))
	cancellable, cancel := context.WithCancel(background)
	defer cancel()
	limited, cancel := context.WithTimeout(background, time.Hour)
	defer cancel()
	for _, with := range []struct {
		name string
		ctx  context.Context
	}{{"Background", background}, {"WithCancel", cancellable}, {"WithTimeout", limited}} {
		b.Run(with.name, func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; i < b.N; i++ {
				if _, err := conn.Authorization(with.ctx); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
