package tigergraphauth_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"os"
	"time"

	tigergraphauth "github.com/tigergraph/tigergraph-auth/bindings/go"
)

// A client whose requests to the database always have a good token.
func Example() {
	conn, err := tigergraphauth.New("https://db.example.com", tigergraphauth.WithSecret(os.Getenv("TG_SECRET")))
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	client := &http.Client{Transport: &tigergraphauth.Transport{Conn: conn}}
	response, err := client.Get("https://db.example.com:14240/restpp/graph/MyGraph/vertices/Person")
	if err != nil {
		log.Fatal(err)
	}
	defer response.Body.Close()
	fmt.Println(response.Status)
}

func ExampleNew() {
	_, err := tigergraphauth.New("http://db.example.com", tigergraphauth.WithGraph("MyGraph"))
	fmt.Println(err)
	// Output:
	// tigergraphauth: plain http to db.example.com would show credentials to the network (config.plain_http)
}

func ExampleConn_CreateSecret() {
	conn, err := tigergraphauth.New("https://db.example.com",
		tigergraphauth.WithPassword("alice", os.Getenv("TG_PASSWORD")), tigergraphauth.WithGraph("MyGraph"))
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	secret, err := conn.CreateSecret(context.Background(), tigergraphauth.Alias("ci"))
	switch {
	case errors.Is(err, tigergraphauth.AlreadyExists):
		log.Print("there is one already")
	case errors.Is(err, tigergraphauth.UnknownOutcome):
		log.Print(err) // names the alias to look for
	case err != nil:
		log.Fatal(err)
	}
	os.WriteFile("secret", []byte(secret.Value()), 0o600)
}

func ExampleConn_GetToken() {
	conn, err := tigergraphauth.New("https://db.example.com", tigergraphauth.WithSecret(os.Getenv("TG_SECRET")))
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	token, err := conn.GetToken(ctx, tigergraphauth.Lifetime(time.Hour), tigergraphauth.KeepCurrent())
	if errors.Is(err, context.DeadlineExceeded) {
		log.Print("no token within five seconds")
	}
	fmt.Println(token) // shows when it ends, and not what it is
}

func ExampleError() {
	conn, err := tigergraphauth.New("http://127.0.0.1:1", tigergraphauth.WithServerVersion("4.2"))
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	_, err = conn.GetToken(context.Background())
	var failure *tigergraphauth.Error
	if errors.As(err, &failure) {
		fmt.Println(failure.Status, failure.Reason)
		fmt.Println(failure.Message)
	}
	// Output:
	// NO_CREDENTIALS credentials.none
	// no secret was given, and the connection has no login to use instead
}

func ExampleWithOAuth2() {
	conn, err := tigergraphauth.New("https://db.example.com",
		tigergraphauth.WithOAuth2("https://login.example.com/oauth2/token", "reporting", os.Getenv("CLIENT_SECRET")),
		tigergraphauth.WithOAuth2Parameter("scope", "tigergraph"))
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	_, err = conn.Authorization(context.Background())
	if errors.Is(err, tigergraphauth.Reason("oauth2.refused")) {
		log.Print("the authorization server knows no such client: ", err)
	}
}

func ExampleWithTokenProvider() {
	provide := func(ctx context.Context) (string, time.Time, error) {
		token, err := os.ReadFile("/nowhere/token")
		if errors.Is(err, os.ErrNotExist) {
			return "", time.Time{}, &tigergraphauth.ProviderError{Message: "nobody has left a token", RetryAfter: time.Minute}
		}
		return string(token), time.Time{}, err // a JWT tells its end itself
	}
	conn, err := tigergraphauth.New("http://127.0.0.1:1", tigergraphauth.WithTokenProvider(provide))
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	_, err = conn.Authorization(context.Background())
	fmt.Println(err)
	// Output:
	// tigergraphauth: the token provider has no token: nobody has left a token (provider.unavailable)
}

func ExampleTransport() {
	conn, err := tigergraphauth.New("http://127.0.0.1:14240", tigergraphauth.WithAPIToken("0123456789"))
	if err != nil {
		log.Fatal(err)
	}
	show := roundTripper(func(req *http.Request) (*http.Response, error) {
		fmt.Printf("%s %q\n", req.URL, req.Header.Get("Authorization"))
		return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody}, nil
	})
	client := &http.Client{Transport: &tigergraphauth.Transport{Conn: conn, Base: show}}
	client.Get("http://127.0.0.1:14240/restpp/echo")
	client.Get("http://127.0.0.1:8000/elsewhere")
	conn.Close()
	_, err = client.Get("http://127.0.0.1:14240/restpp/echo")
	fmt.Println(errors.Is(err, tigergraphauth.ErrClosed))
	// Output:
	// http://127.0.0.1:14240/restpp/echo "Bearer 0123456789"
	// http://127.0.0.1:8000/elsewhere ""
	// true
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }
