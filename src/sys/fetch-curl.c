/* What all transfers have in common. */
#include "fetch-curl.h"

enum { STALL_BYTES_PER_SECOND = 1000, CONNECT_SECONDS = 15, STALL_SECONDS = 30 };

void fetch_curl_options(CURL *curl, const char *url, unsigned connect_seconds,
                        unsigned stall_seconds, char *message)
{
	long connect = connect_seconds ? (long)connect_seconds : CONNECT_SECONDS;
	long stall = stall_seconds ? (long)stall_seconds : STALL_SECONDS;
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https,file");
	curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
	curl_easy_setopt(curl, CURLOPT_MAXREDIRS, (long)FETCH_MAX_REDIRECTS);
	curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_USERAGENT, "dray-sdk");
	curl_easy_setopt(curl, CURLOPT_BUFFERSIZE, (long)FETCH_BUFFER_BYTES);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, connect);
	curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, (long)STALL_BYTES_PER_SECOND);
	curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, stall);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, message);
}

int fetch_curl_error(CURL *curl, CURLcode code, const char *url, const char *message,
                     struct err *err)
{
	long status = 0;
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	if (code == CURLE_HTTP_RETURNED_ERROR)
		return err_set(err, ERR_NETWORK, "%s: HTTP %ld", url, status);
	if (code == CURLE_TOO_MANY_REDIRECTS)
		return err_set(err, ERR_NETWORK, "%s: more than %d redirects", url,
		               FETCH_MAX_REDIRECTS);
	return err_set(err, ERR_NETWORK, "%s: %s", url,
	               message[0] ? message : curl_easy_strerror(code));
}

bool fetch_curl_is_transient(CURL *curl, CURLcode code)
{
	long status = 0;
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	switch (code) {
	case CURLE_HTTP_RETURNED_ERROR:
		return status >= 500 || status == 408 || status == 429;
	case CURLE_COULDNT_CONNECT:
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_OPERATION_TIMEDOUT:
	case CURLE_PARTIAL_FILE:
	case CURLE_RECV_ERROR:
	case CURLE_SEND_ERROR:
	case CURLE_GOT_NOTHING:
	case CURLE_HTTP2:
	case CURLE_HTTP2_STREAM:
		return true;
	default:
		return false;
	}
}
