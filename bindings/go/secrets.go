package tigergraphauth

// #include "tigergraphauth.h"
import "C"

import (
	"context"
	"fmt"
	"runtime"
	"unsafe"
)

// A Secret stands for its user's login: what knows it can get tokens. Before 4.1 it belongs to one graph, and
// the server shows its value only once, in the answer to its creation.
//
// Like that of a [Token], its value stays in the memory of the library until you ask for it.
type Secret struct {
	list  *secretList
	index C.size_t
}

// Secrets are the secrets of a user.
type Secrets []Secret

// secretList owns what the library gave. All secrets of one answer share it.
type secretList struct {
	handle *C.tg_secrets
}

func newSecrets(handle *C.tg_secrets) Secrets {
	list := &secretList{handle: handle}
	runtime.SetFinalizer(list, (*secretList).free)
	secrets := make(Secrets, C.tg_secrets_count(handle))
	for i := range secrets {
		secrets[i] = Secret{list: list, index: C.size_t(i)}
	}
	return secrets
}

// free leaves a list behind that is empty, for a finalizer that still uses it.
func (l *secretList) free() {
	C.tg_secrets_free(l.handle)
	l.handle = nil
}

func (s Secret) pointer() *C.tg_secrets {
	if s.list == nil {
		return nil
	}
	return s.list.handle
}

// Alias is the name of the secret.
func (s Secret) Alias() string {
	defer runtime.KeepAlive(s.list)
	return C.GoString(C.tg_secrets_alias(s.pointer(), s.index))
}

// Value is the secret itself, or its masked form.
func (s Secret) Value() string {
	defer runtime.KeepAlive(s.list)
	return C.GoString(C.tg_secrets_value(s.pointer(), s.index))
}

// Graph is the graph of the secret (before 4.1), or "" if the server does not say.
func (s Secret) Graph() string {
	defer runtime.KeepAlive(s.list)
	return C.GoString(C.tg_secrets_graph(s.pointer(), s.index))
}

// IsMasked reports whether Value is only the masked form that servers before 4.1 show.
func (s Secret) IsMasked() bool {
	defer runtime.KeepAlive(s.list)
	return C.tg_secrets_is_masked(s.pointer(), s.index) != 0
}

// String tells the alias, and not the secret.
func (s Secret) String() string {
	return fmt.Sprintf("tigergraphauth.Secret(%q, hidden)", s.Alias())
}

// GoString is the same as String.
func (s Secret) GoString() string {
	return s.String()
}

// GetSecrets returns all secrets of the connection's user, or with [User] of another.
//
// 2.x to 3.11: GSQL SHOW SECRET in the configured graph, values masked ("abc****xyz"). 4.1 and later: GET
// /gsql/v1/secrets, values in plain text.
func (c *Conn) GetSecrets(ctx context.Context, options ...GetSecretsOption) (Secrets, error) {
	r := collect(options)
	args := new(texts)
	defer args.free()
	user := args.optional("user", r.user)
	return c.secrets(ctx, args, func(conn *C.tg_conn, secrets **C.tg_secrets, failure **C.tg_error) C.tg_status {
		return C.tg_get_secrets(conn, user, secrets, failure)
	})
}

// ShowSecrets is GetSecrets under the name that pyTigerGraph once used.
//
// Deprecated: call [Conn.GetSecrets] instead.
func (c *Conn) ShowSecrets(ctx context.Context, options ...GetSecretsOption) (Secrets, error) {
	r := collect(options)
	args := new(texts)
	defer args.free()
	user := args.optional("user", r.user)
	return c.secrets(ctx, args, func(conn *C.tg_conn, secrets **C.tg_secrets, failure **C.tg_error) C.tg_status {
		return C.tg_show_secrets(conn, user, secrets, failure)
	})
}

// CreateSecret creates a secret, named by [Alias] or else by the library: AUTO_GENERATED_ALIAS_ and 7 letters
// or digits.
//
// It is never repeated: if the answer to the request does not come, the status is [UnknownOutcome], and the
// message names the alias, so that you can look for it or drop it.
//
// 2.x to 3.11: GSQL CREATE SECRET in the configured graph. 4.1 and later: POST /gsql/v1/secrets.
func (c *Conn) CreateSecret(ctx context.Context, options ...CreateSecretOption) (Secret, error) {
	r := collect(options)
	args := new(texts)
	defer args.free()
	alias, value := args.optional("alias", r.alias), args.optional("value", r.value)
	user := args.optional("user", r.user)
	return c.secret(ctx, args, func(conn *C.tg_conn, secret **C.tg_secrets, failure **C.tg_error) C.tg_status {
		return C.tg_create_secret(conn, alias, value, user, secret, failure)
	})
}

// EnsureSecret returns the secret with this alias, created if there is none.
//
// Before 4.1 the server shows an existing secret masked, so its value cannot be returned: then the status is
// [AlreadyExists]. One request, or two if the secret is created.
func (c *Conn) EnsureSecret(ctx context.Context, alias string) (Secret, error) {
	args := new(texts)
	defer args.free()
	text := args.add("alias", alias)
	return c.secret(ctx, args, func(conn *C.tg_conn, secret **C.tg_secrets, failure **C.tg_error) C.tg_status {
		return C.tg_ensure_secret(conn, text, secret, failure)
	})
}

// DropSecret drops a secret by its alias. Before 4.1 the tokens of a secret become invalid when it is dropped.
//
// 2.x to 3.11: GSQL DROP SECRET. 4.1 and later: DELETE /gsql/v1/secrets.
func (c *Conn) DropSecret(ctx context.Context, alias string, options ...DropSecretOption) error {
	r := collect(options)
	args := new(texts)
	defer args.free()
	text, user := args.add("alias", alias), args.optional("user", r.user)
	return c.call(ctx, args, func(conn *C.tg_conn, failure **C.tg_error) C.tg_status {
		return C.tg_drop_secret(conn, text, user, r.flags, failure)
	})
}

// DropSecrets drops secrets by their aliases, with one request, and returns how many there were; a name that is given
// twice counts once. If one alias does not exist the status is [NotFound], and before 4.1 the others are still dropped.
// With [IgnoreMissing] and more than one alias, from 4.1 on, there is one more request before: the list, which tells
// what is there to drop.
func (c *Conn) DropSecrets(ctx context.Context, aliases []string, options ...DropSecretOption) (int, error) {
	r := collect(options)
	args := new(texts)
	defer args.free()
	for _, alias := range aliases {
		args.add("aliases", alias)
	}
	list := (**C.char)(C.calloc(C.size_t(len(aliases))+1, C.size_t(unsafe.Sizeof((*C.char)(nil)))))
	defer C.free(unsafe.Pointer(list))
	copy(unsafe.Slice(list, len(aliases)), args.copies)
	user := args.optional("user", r.user)
	var dropped C.size_t
	err := c.call(ctx, args, func(conn *C.tg_conn, failure **C.tg_error) C.tg_status {
		return C.tg_drop_secrets(conn, list, C.size_t(len(aliases)), user, r.flags, &dropped, failure)
	})
	return int(dropped), err
}

// secrets runs a call that gives a list of secrets.
func (c *Conn) secrets(
	ctx context.Context, args *texts, run func(*C.tg_conn, **C.tg_secrets, **C.tg_error) C.tg_status,
) (Secrets, error) {
	var secrets *C.tg_secrets
	err := c.call(ctx, args, func(conn *C.tg_conn, failure **C.tg_error) C.tg_status {
		return run(conn, &secrets, failure)
	})
	if err != nil {
		return nil, err
	}
	return newSecrets(secrets), nil
}

// secret runs a call that gives a list of one secret.
func (c *Conn) secret(
	ctx context.Context, args *texts, run func(*C.tg_conn, **C.tg_secrets, **C.tg_error) C.tg_status,
) (Secret, error) {
	secrets, err := c.secrets(ctx, args, run)
	if err != nil {
		return Secret{}, err
	}
	return secrets[0], nil
}
