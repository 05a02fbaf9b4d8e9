package tigergraphauth

import (
	"context"
	"time"
)

// AuthorizationBegunLate is Authorization in a program whose threads come late: the library begins the call so
// long after its context is watched.
func AuthorizationBegunLate(ctx context.Context, c *Conn, by time.Duration) (*Token, error) {
	return c.token(ctx, new(texts), late(authorization, by))
}

// late names no type of C, because a test cannot.
func late[A, B, C, R any](run func(A, B, C) R, by time.Duration) func(A, B, C) R {
	return func(a A, b B, c C) R {
		time.Sleep(by)
		return run(a, b, c)
	}
}

// CloseBesideACall closes a connection while a call begins. It tells whether the call began although Close was told
// that nobody is there: nobody would stop it then.
func CloseBesideACall() bool {
	var u users
	u.open()
	entered := make(chan bool)
	go func() { entered <- u.enter() }()
	_, alone := u.close()
	return <-entered && alone
}
