// Package tigergraphauth manages secrets and tokens of TigerGraph 2.x to 4.x, by means of the C library
// tigergraph_auth.
//
//	conn, err := tigergraphauth.New("https://db.example.com", tigergraphauth.WithSecret(secret))
//	if err != nil {
//		return err
//	}
//	defer conn.Close()
//	client, err := conn.Client()
//	if err != nil {
//		return err
//	}
//	response, err := client.Get(conn.URL("/graph/MyGraph/vertices/Person"))
//
// Such a client adds the Authorization header to the requests it sends to the database, with a token that is
// requested, renewed in time and replaced without further ado. Who sends requests in another way asks
// [Conn.Authorization] before each of them, or lets [Conn.Do] send them.
//
// Every method that may send something takes a context, whose end stops this one call and no other. A [Conn]
// serves any number of goroutines at once. Every error is an [*Error]; see there. No credential is part of an
// error, of a log line, or of what fmt prints of the types in this package.
package tigergraphauth

/*
#cgo CFLAGS: -DTIGERGRAPH_AUTH_ALLOW_DEPRECATED
#include "tigergraphauth.h"
*/
import "C"

import (
	"fmt"
	"strings"
	"time"
)

// LibraryVersion is the version of the C library that is running, such as "0.1.0".
func LibraryVersion() string {
	return C.GoString(C.tg_version())
}

// checkLibrary refuses a library with another interface than that of the header this package was compiled
// with: before 1.0 every minor version may have one of its own.
func checkLibrary() *Error {
	number := uint32(C.tg_version_number())
	major, minor := number>>16, number>>8&0xff
	if major == C.TIGERGRAPH_AUTH_VERSION_MAJOR && (major > 0 || minor == C.TIGERGRAPH_AUTH_VERSION_MINOR) {
		return nil
	}
	return &Error{
		Status: Unsupported,
		Reason: "unsupported.library",
		Message: fmt.Sprintf("the library that was loaded is tigergraph_auth %d.%d, this program was compiled for %d.%d",
			major, minor, C.TIGERGRAPH_AUTH_VERSION_MAJOR, C.TIGERGRAPH_AUTH_VERSION_MINOR),
		Hint:       "Install the version that the program was compiled for, or compile it again.",
		RetryAfter: -1,
	}
}

// texts are copies of a call's text arguments for C. The first that cannot be passed on is remembered.
type texts struct {
	copies []*C.char
	err    *Error
}

// add copies a text, which is named for the error.
func (t *texts) add(name, text string) *C.char {
	if strings.IndexByte(text, 0) >= 0 {
		// C would take the text to end there.
		t.refuse("argument.control_character", name+" holds a NUL character", "Remove it.")
		return nil
	}
	copied := C.CString(text)
	t.copies = append(t.copies, copied)
	return copied
}

// optional copies a text that need not be there; nil stays NULL.
func (t *texts) optional(name string, text *string) *C.char {
	if text == nil {
		return nil
	}
	return t.add(name, *text)
}

func (t *texts) refuse(reason Reason, message, hint string) {
	if t.err == nil {
		t.err = refusal(reason, message, hint)
	}
}

// free wipes the copies, any of which may be a credential.
func (t *texts) free() {
	for _, copied := range t.copies {
		C.tga_wipe(copied)
	}
}

// count is how many units there are in d. It rounds away from zero: nearly nothing is not nothing, which to
// the library means the default.
func count(d, unit time.Duration) int64 {
	whole, rest := int64(d/unit), d%unit
	switch {
	case rest > 0:
		return whole + 1
	case rest < 0:
		return whole - 1
	}
	return whole
}
