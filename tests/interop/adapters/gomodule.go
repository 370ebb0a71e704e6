// Signs with gomodule/oauth1: reads requests as JSON lines, answers with the header for each.
package main

import (
	"bufio"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/url"
	"os"

	"crypto/rsa"

	"github.com/gomodule/oauth1/oauth"
)

type request struct {
	Method          string
	URL             string
	Form            string
	SignatureMethod string  `json:"signature_method"`
	ClientKey       string  `json:"client_key"`
	ClientSecret    string  `json:"client_secret"`
	Token           *string `json:"token"`
	TokenSecret     string  `json:"token_secret"`
	Callback        *string
	Verifier        *string
	PrivateKey      string `json:"private_key"`
}

type answer struct {
	Authorization string `json:"authorization,omitempty"`
	Error         string `json:"error,omitempty"`
	Unsupported   string `json:"unsupported,omitempty"`
}

var methods = map[string]oauth.SignatureMethod{
	"HMAC-SHA1": oauth.HMACSHA1,
	"RSA-SHA1":  oauth.RSASHA1,
	"PLAINTEXT": oauth.PLAINTEXT,
}

func sign(r request) (string, error) {
	client := oauth.Client{
		Credentials:     oauth.Credentials{Token: r.ClientKey, Secret: r.ClientSecret},
		SignatureMethod: methods[r.SignatureMethod],
	}
	if client.SignatureMethod == oauth.RSASHA1 {
		block, _ := pem.Decode([]byte(r.PrivateKey))
		key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
		if err != nil {
			return "", err
		}
		client.PrivateKey = key.(*rsa.PrivateKey)
	}
	parsed, err := url.Parse(r.URL)
	if err != nil {
		return "", err
	}
	form, err := url.ParseQuery(r.Form)
	if err != nil {
		return "", err
	}
	var credentials *oauth.Credentials
	if r.Token != nil {
		credentials = &oauth.Credentials{Token: *r.Token, Secret: r.TokenSecret}
	}
	header := http.Header{}
	err = client.SetAuthorizationHeader(header, credentials, r.Method, parsed, form)
	return header.Get("Authorization"), err
}

func answerTo(r request) answer {
	if r.Callback != nil || r.Verifier != nil {
		return answer{Unsupported: "callback and verifier are for its own token requests"}
	}
	header, err := sign(r)
	if err != nil {
		return answer{Error: err.Error()}
	}
	return answer{Authorization: header}
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
