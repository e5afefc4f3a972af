/* What the stubs of lazily loaded functions are made of (see lazy.h). A stub jumps to what its slot
 * holds; when that is nothing yet, through lazy_first, which keeps every register that can hold an
 * argument, so that functions with variable arguments work, too.
 * System V ABI, AMD64 supplement, 3.2.3; Procedure Call Standard for AArch64, 6.4. */
	.section .note.GNU-stack,"",%progbits

#if defined(__x86_64__)

	.macro	STUB name, index
	.globl	\name
	.type	\name, %function
\name:	endbr64
	movq	lazy_slots + 8 * \index(%rip), %r11
	testq	%r11, %r11
	je	1f
	jmp	*%r11
1:	movl	$\index, %r11d
	jmp	lazy_first
	.size	\name, . - \name
	.endm

	.text
	.type	lazy_first, %function
lazy_first:
	.cfi_startproc
	pushq	%rbp
	.cfi_def_cfa_offset 16
	.cfi_offset rbp, -16
	movq	%rsp, %rbp
	.cfi_def_cfa_register rbp
	subq	$192, %rsp
	movq	%rdi, (%rsp)
	movq	%rsi, 8(%rsp)
	movq	%rdx, 16(%rsp)
	movq	%rcx, 24(%rsp)
	movq	%r8, 32(%rsp)
	movq	%r9, 40(%rsp)
	movq	%rax, 48(%rsp)	/* how many vector registers variable arguments use */
	movups	%xmm0, 64(%rsp)
	movups	%xmm1, 80(%rsp)
	movups	%xmm2, 96(%rsp)
	movups	%xmm3, 112(%rsp)
	movups	%xmm4, 128(%rsp)
	movups	%xmm5, 144(%rsp)
	movups	%xmm6, 160(%rsp)
	movups	%xmm7, 176(%rsp)
	movl	%r11d, %edi
	call	lazy_find
	movq	%rax, %r11
	movq	(%rsp), %rdi
	movq	8(%rsp), %rsi
	movq	16(%rsp), %rdx
	movq	24(%rsp), %rcx
	movq	32(%rsp), %r8
	movq	40(%rsp), %r9
	movq	48(%rsp), %rax
	movups	64(%rsp), %xmm0
	movups	80(%rsp), %xmm1
	movups	96(%rsp), %xmm2
	movups	112(%rsp), %xmm3
	movups	128(%rsp), %xmm4
	movups	144(%rsp), %xmm5
	movups	160(%rsp), %xmm6
	movups	176(%rsp), %xmm7
	leave
	.cfi_def_cfa rsp, 8
	jmp	*%r11
	.cfi_endproc
	.size	lazy_first, . - lazy_first

#elif defined(__aarch64__)

	.macro	STUB name, index
	.globl	\name
	.type	\name, %function
\name:	hint	#34	/* bti c */
	adrp	x16, lazy_slots
	add	x16, x16, :lo12:lazy_slots
	ldr	x16, [x16, #8 * \index]
	cbz	x16, 1f
	br	x16
1:	mov	w17, #\index
	b	lazy_first
	.size	\name, . - \name
	.endm

	.text
	.type	lazy_first, %function
lazy_first:
	.cfi_startproc
	stp	x29, x30, [sp, #-224]!
	.cfi_def_cfa_offset 224
	.cfi_offset x29, -224
	.cfi_offset x30, -216
	mov	x29, sp
	stp	x0, x1, [sp, #16]
	stp	x2, x3, [sp, #32]
	stp	x4, x5, [sp, #48]
	stp	x6, x7, [sp, #64]
	str	x8, [sp, #80]	/* where a structure is returned */
	stp	q0, q1, [sp, #96]
	stp	q2, q3, [sp, #128]
	stp	q4, q5, [sp, #160]
	stp	q6, q7, [sp, #192]
	mov	w0, w17
	bl	lazy_find
	mov	x16, x0
	ldp	x0, x1, [sp, #16]
	ldp	x2, x3, [sp, #32]
	ldp	x4, x5, [sp, #48]
	ldp	x6, x7, [sp, #64]
	ldr	x8, [sp, #80]
	ldp	q0, q1, [sp, #96]
	ldp	q2, q3, [sp, #128]
	ldp	q4, q5, [sp, #160]
	ldp	q6, q7, [sp, #192]
	ldp	x29, x30, [sp], #224
	.cfi_def_cfa sp, 0
	br	x16
	.cfi_endproc
	.size	lazy_first, . - lazy_first

#else
#error "no stubs for this machine: make LAZY= links the libraries instead"
#endif
