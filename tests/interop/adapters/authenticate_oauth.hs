{-# LANGUAGE OverloadedStrings #-}

-- | Signs with authenticate-oauth: reads requests as JSON lines, answers with the header for each.
module Main (main) where

import Control.Exception (SomeException, try)
import Control.Monad ((>=>))
import Crypto.Types.PubKey.RSA (PrivateKey (..), PublicKey (..))
import Data.Aeson
import Data.Aeson.Types (Parser, parseEither)
import qualified Data.ByteString as Bytes
import qualified Data.ByteString.Char8 as Char8
import qualified Data.ByteString.Lazy.Char8 as Lazy
import Data.Text (Text)
import Data.Text.Encoding (decodeLatin1, encodeUtf8)
import Network.HTTP.Client
import Network.HTTP.Types.Header (hContentType)
import System.IO (BufferMode (LineBuffering), hSetBuffering, stdout)
import Web.Authenticate.OAuth hiding (delete)

main :: IO ()
main = do
  hSetBuffering stdout LineBuffering
  getContents >>= mapM_ (answer >=> Lazy.putStrLn . encode) . lines

answer :: String -> IO Value
answer line = do
  -- Read as bytes, as the JSON is ASCII.
  result <- try $ either fail pure (eitherDecodeStrict (Char8.pack line)) >>= sign
  pure $ case result of
    Left problem -> object ["error" .= show (problem :: SomeException)]
    Right header -> object ["authorization" .= decodeLatin1 header]

sign :: Value -> IO Bytes.ByteString
sign value = do
  (url, prepare, oauth, credential) <- either fail pure (parseEither settings value)
  request <- prepare <$> parseRequest url
  signed <- signOAuth oauth credential request
  maybe (fail "not signed") pure (lookup "Authorization" (requestHeaders signed))

settings :: Value -> Parser (String, Request -> Request, OAuth, Credential)
settings = withObject "request" $ \o -> do
  url <- o .: "url"
  httpMethod <- bytes <$> o .: "method"
  body <- fmap bytes <$> o .:? "form"
  contentType <- fmap bytes <$> o .:? "content_type"
  let prepare request =
        request
          { method = httpMethod
          , requestBody = maybe (requestBody request) RequestBodyBS body
          , requestHeaders = maybe [] (\media -> [(hContentType, media)]) contentType
          }
  signatureMethod <- o .: "signature_method" >>= methodNamed o
  key <- bytes <$> o .: "client_key"
  secret <- bytes <$> o .: "client_secret"
  realm <- fmap bytes <$> o .:? "realm"
  let oauth =
        newOAuth
          { oauthSignatureMethod = signatureMethod
          , oauthConsumerKey = key
          , oauthConsumerSecret = secret
          , oauthRealm = realm
          }
  tokenSecret <- bytes <$> o .: "token_secret"
  token <- fmap bytes <$> o .:? "token"
  callback <- fmap bytes <$> o .:? "callback"
  verifier <- fmap bytes <$> o .:? "verifier"
  let credential =
        foldr
          (\(name, given) -> maybe id (insert name) given)
          (maybe emptyCredential (`newCredential` tokenSecret) token)
          [("oauth_callback", callback), ("oauth_verifier", verifier)]
  pure (url, prepare, oauth, credential)

bytes :: Text -> Bytes.ByteString
bytes = encodeUtf8

methodNamed :: Object -> Text -> Parser SignMethod
methodNamed o name = case name of
  "PLAINTEXT" -> pure PLAINTEXT
  "HMAC-SHA1" -> pure HMACSHA1
  "HMAC-SHA256" -> pure HMACSHA256
  "HMAC-SHA512" -> pure HMACSHA512
  "RSA-SHA1" -> RSASHA1 <$> privateKey
  "RSA-SHA256" -> RSASHA256 <$> privateKey
  "RSA-SHA512" -> RSASHA512 <$> privateKey
  _ -> fail "unknown method"
  where
    -- It reads no PEM: the key comes in numbers.
    privateKey = do
      numbers <- o .: "rsa_numbers"
      let number field = read <$> numbers .: field
      public <- PublicKey <$> numbers .: "size" <*> number "n" <*> number "e"
      PrivateKey public <$> number "d" <*> number "p" <*> number "q"
        <*> number "dp" <*> number "dq" <*> number "qinv"
