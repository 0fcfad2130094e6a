import CQuell

// MARK: Versions and names

/// The library's version, `QUELL_VERSION` when it was built. Thread: any.
@c public func quell_version() -> UnsafePointer<CChar> { quell_version_text() }

/// The same as a number, `QUELL_VERSION_NUMBER` when the library was built. Thread: any.
@c public func quell_version_number() -> UInt32 { quell_version_count() }

/// What the library was built of, as one line for people: its version, the commit where it is known, the processor and the system that it
/// is for, the instructions beyond the portable ones that it has loops in, and the compilers. Thread: any.
@c public func quell_build_information() -> UnsafePointer<CChar> { quell_build_text() }

/// The version of the interface, `QUELL_ABI_VERSION` when the library was built. A program that finds another one than it was compiled
/// with must not go on. Thread: any.
@c public func quell_abi_version() -> UInt32 { UInt32(QUELL_ABI_VERSION) }

/// A status as its constant's name, "QUELL_OK" for instance; "unknown status" for any other number. Thread: any.
@c public func quell_status_name(_ status: quell_status) -> UnsafePointer<CChar> {
  switch Int(status) {
  case QUELL_OK: text("QUELL_OK")
  case QUELL_INVALID_ARGUMENT: text("QUELL_INVALID_ARGUMENT")
  case QUELL_TOKEN_OUT_OF_RANGE: text("QUELL_TOKEN_OUT_OF_RANGE")
  case QUELL_BUFFER_TOO_SMALL: text("QUELL_BUFFER_TOO_SMALL")
  case QUELL_CONTEXT_FULL: text("QUELL_CONTEXT_FULL")
  case QUELL_NO_TOKENIZER: text("QUELL_NO_TOKENIZER")
  case QUELL_OUT_OF_MEMORY: text("QUELL_OUT_OF_MEMORY")
  case QUELL_FILE_UNREADABLE: text("QUELL_FILE_UNREADABLE")
  case QUELL_CANCELLED: text("QUELL_CANCELLED")
  case QUELL_FILE_UNWRITABLE: text("QUELL_FILE_UNWRITABLE")
  case QUELL_MALFORMED: text("QUELL_MALFORMED")
  case QUELL_UNSUPPORTED: text("QUELL_UNSUPPORTED")
  case QUELL_STATE_MISMATCH: text("QUELL_STATE_MISMATCH")
  default: text("unknown status")
  }
}

/// Fixed text as C knows it: the compiler ends it with a zero byte.
private func text(_ fixed: StaticString) -> UnsafePointer<CChar> {
  UnsafeRawPointer(fixed.utf8Start).assumingMemoryBound(to: CChar.self)
}
