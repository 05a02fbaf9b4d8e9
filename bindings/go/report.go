package tigergraphauth

// #include "tigergraphauth.h"
import "C"

import "context"

// A Report is what a diagnosis found. It contains no credential, so it can be shown to anybody.
type Report struct {
	// Text is for a person: the first line is the verdict and what to do, then come the steps and the settings.
	Text string
	// JSON is for a program: an object. The header of the C library describes it at tg_report_json.
	JSON string
}

// String is the text.
func (r Report) String() string {
	return r.Text
}

// Diagnose finds out whether this connection can work and, if not, why, and how to fix it: name lookup,
// connection, TLS, server, credentials, database, each with its time, and where each setting came from.
//
// There is a report, and no error, even if it says that nothing works. All steps together end within the limit
// of a call. A refused login is not tried again, so that no account is locked.
func (c *Conn) Diagnose(ctx context.Context, options ...DiagnoseOption) (Report, error) {
	r := collect(options)
	var report *C.tg_report
	err := c.call(ctx, new(texts), func(conn *C.tg_conn, failure **C.tg_error) C.tg_status {
		return C.tg_diagnose(conn, r.flags, &report, failure)
	})
	if err != nil {
		return Report{}, err
	}
	defer C.tg_report_free(report)
	return Report{Text: C.GoString(C.tg_report_text(report)), JSON: C.GoString(C.tg_report_json(report))}, nil
}
