/* Between the files that speak to git servers; nobody else includes this. */
#pragma once

#include <git2.h>
#include <stdbool.h>

/* What has been tried for one connection, so that a refusal leads to the next. */
struct git_credentials {
	int tried;
};

/* For git_remote_callbacks.credentials; the payload begins with a struct git_credentials. */
int git_credentials_next(git_credential **ret, const char *url, const char *user, unsigned allowed,
                         struct git_credentials *state);
