module github.com/tigergraph/tigergraph-auth/bindings/go

go 1.19
