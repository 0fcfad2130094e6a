import CQuell
import CQuellImport
import Quell
import QuellImport

// MARK: Importing

/// Imports an ONNX model: reads the graph at `path`, makes a step program of it, and writes a model file at `output`.
///
/// The graph is one step of a decoder, with a recurrent state or with past keys and values, or a causal decoder of whole sequences.
/// The result appears under its name only when it is complete and has run a few tokens. Thread: any; imports to different files may
/// run at once. An import uses the machine's other cores for a while, and all of its threads have ended when it returns.
///
/// - Parameters:
///   - path: the ONNX file, in UTF-8 ended by a zero byte; other files that hold its weights lie beside it.
///   - output: the model file to be written; one that is there already is replaced.
///   - options: null for the defaults.
///   - progress: null where nobody wants to know; see quell_import_progress.
///   - user: handed to `progress` as it is.
///   - error: null, or where the reason of a failure goes.
/// - Returns: `QUELL_OK`; `QUELL_FILE_UNREADABLE` and `QUELL_FILE_UNWRITABLE` for files; `QUELL_MALFORMED` where bytes are not what
///   they claim to be; `QUELL_UNSUPPORTED` where a graph holds what no program can express; `QUELL_CANCELLED`.
@c public func quell_import_onnx(
  _ path: UnsafePointer<CChar>?, _ output: UnsafePointer<CChar>?, _ options: UnsafePointer<quell_import_options>?,
  _ progress: quell_import_progress?, _ user: UnsafeMutableRawPointer?, _ error: UnsafeMutablePointer<quell_error>?
) -> quell_status {
  report(to: error) { () throws(Refusal) in
    guard let path, let output else { throw Refusal(QUELL_INVALID_ARGUMENT, "the path of the source or of the output is null") }
    var options = try known(options)
    if let progress {
      // The type of a C callback says nothing of threads; it runs on the one that called.
      options.progress = { done, total in progress(UInt64(done), UInt64(total), user) == 0 }
    }
    do throws(ImportFailure) {
      try importONNX(from: String(cString: path), to: String(cString: output), options: options)
    } catch {
      throw Refusal(error)
    }
  }
}

/// The version of this interface, `QUELL_IMPORT_ABI_VERSION` when the library was built. A program that finds another one than it was
/// compiled with must not go on. Thread: any.
@c public func quell_import_abi_version() -> UInt32 { UInt32(QUELL_IMPORT_ABI_VERSION) }
