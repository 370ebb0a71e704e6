// Verifies with the provider of mrjones/oauth: reads requests as JSON lines, answers each.
package main

import (
	"bufio"
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"os"
	"strings"

	"github.com/mrjones/oauth"
)

type request struct {
	Method          string
	Scheme          string
	Host            string
	Target          string
	Authorization   *string
	ContentType     *string `json:"content_type"`
	Body            string
	SignatureMethod string `json:"signature_method"`
	ClientSecret    string `json:"client_secret"`
	PrivateKey      string `json:"private_key"`
}

type answer struct {
	Accepted bool   `json:"accepted"`
	Error    string `json:"error,omitempty"`
}

var hashes = map[string]crypto.Hash{
	"SHA1":   crypto.SHA1,
	"SHA256": crypto.SHA256,
	"SHA512": crypto.SHA512,
}

// The consumer by which the provider verifies. It wants the whole key, and uses the public half.
func consumer(r request, key string) (*oauth.Consumer, error) {
	name, hash, _ := strings.Cut(r.SignatureMethod, "-")
	// It counts the query twice where the query is all there is, and then with the signature.
	provider := oauth.ServiceProvider{SignQueryParams: !strings.Contains(r.Target, "oauth_signature=")}
	if name == "HMAC" {
		return oauth.NewCustomConsumer(key, r.ClientSecret, hashes[hash], provider, nil), nil
	}
	block, _ := pem.Decode([]byte(r.PrivateKey))
	private, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, err
	}
	return oauth.NewCustomRSAConsumer(
		key, private.(*rsa.PrivateKey), hashes[hash], provider, nil), nil
}

// The request as net/http reads it from a connection.
func received(r request) (*http.Request, error) {
	var text strings.Builder
	fmt.Fprintf(&text, "%s %s HTTP/1.1\r\nHost: %s\r\n", r.Method, r.Target, r.Host)
	fmt.Fprintf(&text, "X-Forwarded-Proto: %s\r\n", r.Scheme)
	if r.Authorization != nil {
		fmt.Fprintf(&text, "Authorization: %s\r\n", *r.Authorization)
	}
	if r.ContentType != nil {
		fmt.Fprintf(&text, "Content-Type: %s\r\n", *r.ContentType)
	}
	fmt.Fprintf(&text, "Content-Length: %d\r\n\r\n%s", len(r.Body), r.Body)
	return http.ReadRequest(bufio.NewReader(strings.NewReader(text.String())))
}

func answerTo(r request) answer {
	request, err := received(r)
	if err != nil {
		return answer{Error: err.Error()}
	}
	provider := oauth.NewProvider(func(key string, _ map[string]string) (*oauth.Consumer, error) {
		return consumer(r, key)
	})
	if _, err := provider.IsAuthorized(request); err != nil {
		return answer{Error: err.Error()}
	}
	return answer{Accepted: true}
}

func main() {
	input := json.NewDecoder(bufio.NewReader(os.Stdin))
	output := json.NewEncoder(os.Stdout)
	for input.More() {
		var r request
		if err := input.Decode(&r); err != nil {
			panic(err)
		}
		if err := output.Encode(answerTo(r)); err != nil {
			panic(err)
		}
	}
}
