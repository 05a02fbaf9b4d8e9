package tigergraphauth

// #include "tigergraphauth.h"
import "C"

import "time"

// request is what the options of one call say.
type request struct {
	alias, value, user, secret, token *string
	lifetime                          C.int64_t
	flags                             C.uint32_t
}

// option is what every option of a call is. The functions below return it as the interfaces of those calls
// that take the option, so that the compiler refuses it for others.
type option func(*request)

func (o option) apply(r *request) { o(r) }
func (o option) getSecrets()      {}
func (o option) createSecret()    {}
func (o option) dropSecret()      {}
func (o option) getToken()        {}
func (o option) refreshToken()    {}
func (o option) deleteToken()     {}

func (o option) diagnose() {}

type applier interface{ apply(*request) }

// GetSecretsOption is an option of [Conn.GetSecrets]: [User].
type GetSecretsOption interface {
	applier
	getSecrets()
}

// CreateSecretOption is an option of [Conn.CreateSecret]: [Alias], [Value], [User].
type CreateSecretOption interface {
	applier
	createSecret()
}

// DropSecretOption is an option of [Conn.DropSecret] and [Conn.DropSecrets]: [User], [IgnoreMissing].
type DropSecretOption interface {
	applier
	dropSecret()
}

// GetTokenOption is an option of [Conn.GetToken]: [ForSecret], [Lifetime], [KeepCurrent], [Global].
type GetTokenOption interface {
	applier
	getToken()
}

// RefreshTokenOption is an option of [Conn.RefreshToken]: [ForToken], [ForSecret], [Lifetime], [KeepCurrent],
// [Global], [OrNew].
type RefreshTokenOption interface {
	applier
	refreshToken()
}

// DeleteTokenOption is an option of [Conn.DeleteToken]: [ForToken], [ForSecret], [IgnoreMissing].
type DeleteTokenOption interface {
	applier
	deleteToken()
}

// DiagnoseOption is an option of [Conn.Diagnose]: [Offline].
type DiagnoseOption interface {
	applier
	diagnose()
}

func collect[O applier](options []O) *request {
	r := new(request)
	for _, option := range options {
		if applier(option) != nil {
			option.apply(r)
		}
	}
	return r
}

// Alias names the secret to be created.
func Alias(alias string) CreateSecretOption {
	return option(func(r *request) { r.alias = &alias })
}

// Value is a value of your own for the secret to be created; for 4.1 and later. It has to go into the URL,
// where the server may log it; better let the server choose.
func Value(value string) CreateSecretOption {
	return option(func(r *request) { r.value = &value })
}

// User is the user whose secrets are meant, if it is not that of the connection; for 4.1 and later, and
// superusers only.
func User(name string) interface {
	GetSecretsOption
	CreateSecretOption
	DropSecretOption
} {
	return option(func(r *request) { r.user = &name })
}

// IgnoreMissing means that it is not an error if what is to be dropped or deleted does not exist. Other errors
// are still reported.
func IgnoreMissing() interface {
	DropSecretOption
	DeleteTokenOption
} {
	return flag(C.TG_IGNORE_MISSING)
}

// ForSecret is the secret that a token is for; without it the connection's own login is meant.
func ForSecret(secret string) interface {
	GetTokenOption
	RefreshTokenOption
	DeleteTokenOption
} {
	return option(func(r *request) { r.secret = &secret })
}

// ForToken is the token to refresh or to delete; without it the connection's own is meant.
func ForToken(token string) interface {
	RefreshTokenOption
	DeleteTokenOption
} {
	return option(func(r *request) { r.token = &token })
}

// Lifetime is how long the token is to live, in whole seconds, on every version. Without it, or with 0, that
// of [WithTokenLifetime] is meant, else the server's default: about a month, from 4.1 on 7 days. The server
// may grant less.
func Lifetime(lifetime time.Duration) interface {
	GetTokenOption
	RefreshTokenOption
} {
	return option(func(r *request) { r.lifetime = C.int64_t(count(lifetime, time.Second)) })
}

// KeepCurrent does not make the token the connection's own: the connection does not change.
func KeepCurrent() interface {
	GetTokenOption
	RefreshTokenOption
} {
	return flag(C.TG_TOKEN_KEEP_CURRENT)
}

// Global asks for a token for all graphs, whatever graph is configured.
func Global() interface {
	GetTokenOption
	RefreshTokenOption
} {
	return flag(C.TG_TOKEN_GLOBAL)
}

// OrNew asks for a new token on servers that cannot refresh.
func OrNew() RefreshTokenOption {
	return flag(C.TG_TOKEN_OR_NEW)
}

// Offline says what is known without asking, and sends nothing.
func Offline() DiagnoseOption {
	return flag(C.TG_REPORT_OFFLINE)
}

func flag(flag C.uint32_t) option {
	return func(r *request) { r.flags |= flag }
}
