/* What is written into a build's sandbox: the environment of its phases, the build system's files,
 * the phases' texts. */
#include "build-parts.h"
#include "fs.h"
#include "own.h"
#include "path.h"
#include "phase-env.h"

static void add_jobs(const struct build_context *context, struct str *text)
{
	own_free char *jobs = mem_printf("%u", context->jobs);
	own_free char *flags = mem_printf(
		"-j%u%s", context->jobs,
		context->jobserver ? " --jobserver-auth=fifo:/build/.sdk/jobserver" : "");
	phase_export(text, "JOBS", jobs);
	phase_export(text, "MAKEFLAGS", flags);
}

void build_script_environment(const struct build_context *context, const struct node *node,
                              long long source_date, struct str *text)
{
	own_free char *date = mem_printf("%lld", source_date);
	phase_export(text, "SOURCE_DATE_EPOCH", date);
	/* For messages alone: where an overlay lies is nothing for a program that is run to see. */
	phase_export(text, "SDK_RECIPE", node->recipe->path);
	str_add(text, "export -n SDK_RECIPE\n");
	add_jobs(context, text);
	phase_environment(context->toolchain, node, text);
}

static int write_phases(const struct recipe *recipe, const char *dir, struct err *err)
{
	static const char *const places[] = {"before", "text", "after"};
	own_free char *old = path_join(dir, "phases");
	/* Their names hold lines: those of an edited recipe would stay beside the new ones. */
	if (fs_remove_tree(old, err) < 0)
		return -1;
	for (size_t i = 0; i < PHASE_COUNT; i++) {
		for (size_t j = 0; j < PHASE_PLACE_COUNT; j++) {
			const struct recipe_phase *phase = &recipe->phases[i][j];
			if (!phase->text)
				continue;
			own_free char *path =
				mem_printf("%s/phases/%s.%s.%u", dir, build_phase_names[i],
			                   places[j], phase->line);
			if (fs_make_parents(path, err) < 0 ||
			    fs_write_text(path, phase->text, err) < 0)
				return -1;
		}
	}
	return 0;
}

static int copy_system(const struct build_context *context, const char *name, const char *dir,
                       struct err *err)
{
	own_free char *from =
		workspace_root(context->workspace, "recipes/.build-systems/%s.sh", name);
	own_free char *to = mem_printf("%s/%s.sh", dir, name);
	return fs_copy_file(from, to, 0644, err);
}

int build_script_write(const struct build_context *context, const struct node *node,
                       long long source_date, const char *dir, struct err *err)
{
	own(str) text = {0};
	own_free char *env = path_join(dir, "env.sh");
	own_free char *run = path_join(dir, "build.sh");
	own_free char *jobserver = path_join(dir, "jobserver"); /* where the FIFO is mounted */
	build_script_environment(context, node, source_date, &text);
	if (fs_make_dirs(dir, 0755, err) < 0 || fs_write_text(env, str_text(&text), err) < 0 ||
	    fs_write_text(run, phase_run, err) < 0 || fs_write_text(jobserver, "", err) < 0 ||
	    copy_system(context, "common", dir, err) < 0 ||
	    copy_system(context, node->recipe->build, dir, err) < 0)
		return -1;
	return write_phases(node->recipe, dir, err);
}
