/* All tools of an image, in one sandbox, by the script board-configs/common/assemble.sh. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fs.h"
#include "image-parts.h"
#include "own.h"
#include "path.h"
#include "sandbox.h"
#include "trial.h"

#define INSIDE "/image"
#define SCRIPT_INSIDE "/assemble.sh"

enum { LOG_LINES = 12, LOG_MAX_BYTES = 4 << 20 };

static void derive(const struct digest *content, const char *name, struct digest *ret_digest)
{
	own(hash) hash = {0};
	hash_init(&hash);
	hash_update(&hash, content->bytes, sizeof content->bytes);
	hash_text(&hash, name);
	hash_final(&hash, ret_digest);
}

static void format_uuid(const uint8_t bytes[16], char ret_uuid[37])
{
	char *out = ret_uuid;
	for (int i = 0; i < 16; i++)
		out += sprintf(out, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "",
		               bytes[i]);
}

void image_derive_uuid(const struct digest *content, const char *name, char ret_uuid[37])
{
	struct digest digest;
	derive(content, name, &digest);
	digest.bytes[6] = (digest.bytes[6] & 0x0f) | 0x80;
	digest.bytes[8] = (digest.bytes[8] & 0x3f) | 0x80;
	format_uuid(digest.bytes, ret_uuid);
}

void image_hash_uuids(const char *root_hash, char ret_usr[37], char ret_verity[37])
{
	struct digest digest = {0};
	digest_parse(root_hash, &digest);
	format_uuid(digest.bytes, ret_usr);
	format_uuid(digest.bytes + 16, ret_verity);
}

/* Different systems of one day get different times, so that systemd sees that /usr has changed
 * (ConditionNeedsUpdate= in systemd.unit(5)). */
time_t image_time(const struct board *board, const struct digest *content)
{
	const uint8_t *b = content->bytes;
	uint32_t number = (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
	/* FAT counts in steps of two seconds. */
	return board->image->date_utc + number % 43200 * 2;
}

static void add_variables(const struct image_job *job, struct strv *env)
{
	const struct board_image *image = job->board->image;
	char usr[37], verity[37], salt[DIGEST_HEX];
	struct digest digest;
	image_derive_uuid(&job->content, "usr file system", usr);
	image_derive_uuid(&job->content, "usr hash tree", verity);
	derive(&job->content, "usr salt", &digest);
	digest_hex(&digest, salt);
	own_free char *cmdline = strv_join(&image->cmdline, " ");
	strv_add(env, "PATH=/usr/bin:/usr/sbin");
	strv_add(env, "LC_ALL=C.UTF-8");
	strv_add(env, "TZ=UTC");
	strv_add(env, "HOME=/tmp");
	strv_addf(env, "SOURCE_DATE_EPOCH=%lld", (long long)image_time(job->board, &job->content));
	strv_addf(env, "VERSION=%s", image->version);
	strv_addf(env, "LOADER=%s", image->loader == BOARD_LOADER_UKI ? "uki" : "direct");
	strv_addf(env, "EFI_ARCH=%s", str_equal(job->board->arch, "amd64") ? "x64" : "aa64");
	strv_addf(env, "KERNEL_RELEASE=%s", job->kernel_release);
	strv_addf(env, "COMPRESSION=%s", image->compression);
	strv_addf(env, "USR_UUID=%s", usr);
	strv_addf(env, "VERITY_UUID=%s", verity);
	strv_addf(env, "SALT=%s", salt);
	strv_addf(env, "CMDLINE=%s", cmdline);
	strv_addf(env, "ESP_MIB=%llu", (unsigned long long)(image->esp_bytes >> 20));
	derive(&job->content, "esp", &digest);
	strv_addf(env, "FAT_ID=%02x%02x%02x%02x", digest.bytes[0], digest.bytes[1], digest.bytes[2],
	          digest.bytes[3]);
}

/* Its last lines, for the message. */
static void append_log_tail(const char *path, struct err *err)
{
	own(str) text = {0};
	if (fs_read(path, LOG_MAX_BYTES, &text, NULL) < 0 || !text.len)
		return;
	const char *start = text.data + text.len;
	for (int lines = 0; start > text.data; start--)
		if (start[-1] == '\n' && ++lines > LOG_LINES)
			break;
	err_hint(err, "its last lines:\n%s", start);
}

static int run(const struct image_job *job, const char *log, struct err *err)
{
	own(strv) env = {0};
	own(strv) groups = {0};
	own(sandbox) sandbox = {.cwd = INSIDE, .die_with_parent = true};
	own_free char *script = workspace_root(job->workspace, "board-configs/common/assemble.sh");
	char *const argv[] = {"bash", SCRIPT_INSIDE, NULL};
	own_fd int fd = open(log, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0644);
	int status;
	if (fd < 0)
		return err_errno(err, "%s", log);
	strv_add(&groups, "image");
	if (env_layers(job->env, &groups, &sandbox.root_layers, err) < 0)
		return -1;
	add_variables(job, &env);
	if (job->workspace->trial) {
		strv_add_all(&env, &job->workspace->trial->variables);
		strv_add_all(&sandbox.root_layers, &job->workspace->trial->layers);
	}
	sandbox_bind(&sandbox, job->dir, INSIDE, true);
	sandbox_bind(&sandbox, script, SCRIPT_INSIDE, false);
	sandbox.argv = argv;
	sandbox.envp = strv_argv(&env);
	sandbox.stdout_fd = sandbox.stderr_fd = fd;
	if (sandbox_run(&sandbox, &status, err) < 0)
		return -1;
	if (status == 0)
		return 0;
	own(str) how = {0};
	proc_describe_status(status, &how);
	err_set(err, ERR_BUILD, "making the image failed (%s); the log is %s", str_text(&how), log);
	append_log_tail(log, err);
	return -1;
}

static int read_root_hash(struct image_job *job, struct err *err)
{
	own(str) text = {0};
	struct digest digest;
	own_free char *path = path_join(job->dir, "root-hash");
	if (fs_read(path, DIGEST_HEX, &text, err) < 0)
		return -1;
	while (text.len && text.data[text.len - 1] == '\n')
		text.data[--text.len] = '\0';
	if (!digest_parse(str_text(&text), &digest))
		return err_set(err, ERR_BUILD, "veritysetup gave no root hash");
	digest_hex(&digest, job->root_hash);
	return 0;
}

int image_box_run(struct image_job *job, struct err *err)
{
	own_free char *log = workspace_out(job->workspace, "logs/images/%s.log", job->board->name);
	if (fs_make_parents(log, err) < 0 || run(job, log, err) < 0)
		return -1;
	return read_root_hash(job, err);
}
