//! How the allocator of the process is set.

/// glibc gives threads arenas of their own, up to eight a core, and none of them takes what another has free. Documents
/// are made on one thread and let go on another, so all of them grow: under load twice the memory is taken that is ever
/// in use. Two are enough here: threads seldom allocate at the same moment on so few cores as tracing is given.
/// Called before other threads start. An operator's `MALLOC_ARENA_MAX` wins.
#[cfg(target_env = "gnu")]
pub fn use_few_arenas() {
    const ARENAS: libc::c_int = 2;
    if std::env::var_os("MALLOC_ARENA_MAX").is_some() {
        return;
    }
    #[expect(
        unsafe_code,
        reason = "glibc has no safe way; mallopt may be called at any time, and M_ARENA_MAX takes any number"
    )]
    // SAFETY: it takes two numbers and changes only what the allocator does from now on.
    let is_set = unsafe { libc::mallopt(libc::M_ARENA_MAX, ARENAS) };
    if is_set == 0 {
        tracing::debug!("the allocator keeps its arenas");
    }
}

/// Other libraries have other allocators.
#[cfg(not(target_env = "gnu"))]
pub fn use_few_arenas() {}
