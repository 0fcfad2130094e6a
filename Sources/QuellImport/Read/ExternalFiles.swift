#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The files beside a model that hold its external data.
///
/// A model is untrusted, so its data may only lie in its own folder or below it: no absolute path, no `..`, no symbolic
/// link on the way, no second hard link, no device.
final class ExternalFiles {
  private let folder: String
  private var files: [String: MappedFile] = [:]
  private let ahead = MapAhead()

  /// The files beside the model at a path.
  init(besideModelAt path: String) {
    let end = path.lastIndex(of: "/")
    folder = end.map { String(path[...$0]) } ?? "."
  }

  /// The bytes of a tensor, and the file that they belong to.
  func data(of tensor: ONNXTensor, entries: [String: String]) throws(ImportFailure) -> (MappedFile, Range<Int>) {
    guard let location = entries["location"] else {
      throw .malformed("Tensor \"\(tensor.name)\" is external but names no location.")
    }
    let file = try map(location, for: tensor.name)
    let offset = try number(entries["offset"] ?? "0", "offset", of: tensor.name)
    guard offset <= file.bytes.count else {
      throw .malformed("Tensor \"\(tensor.name)\" begins beyond the end of \"\(location)\".")
    }
    let rest = file.bytes.count - offset
    let length = try entries["length"].map { text throws(ImportFailure) in try number(text, "length", of: tensor.name) } ?? rest
    guard length <= rest else {
      throw .malformed("Tensor \"\(tensor.name)\" ends beyond the end of \"\(location)\".")
    }
    return (file, offset..<(offset + length))
  }

  private func number(_ text: String, _ what: String, of name: String) throws(ImportFailure) -> Int {
    guard let value = Int(text), value >= 0 else {
      throw .malformed("Tensor \"\(name)\" has an external \(what) that is no number: \"\(text)\".")
    }
    return value
  }

  private func map(_ location: String, for tensor: String) throws(ImportFailure) -> MappedFile {
    if let file = files[location] { return file }
    let parts = location.split(separator: "/", omittingEmptySubsequences: false)
    guard !parts.isEmpty, !parts.contains(where: { $0.isEmpty || $0 == ".." }), !location.contains("\0") else {
      throw .malformed("Tensor \"\(tensor)\" lies in \"\(location)\", outside the folder of the model.")
    }
    var descriptor = open(folder, O_RDONLY | O_CLOEXEC | O_DIRECTORY)
    defer { if descriptor >= 0 { close(descriptor) } }
    for (index, part) in parts.enumerated() {
      guard descriptor >= 0 else { break }
      let isLast = index == parts.count - 1
      let next = openat(descriptor, String(part), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | (isLast ? 0 : O_DIRECTORY))
      close(descriptor)
      descriptor = next
    }
    guard descriptor >= 0 else {
      throw .unreadable("\"\(location)\", which holds tensor \"\(tensor)\", could not be opened beside the model: \(errorText()).")
    }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_nlink == 1 else {
      throw .malformed("\"\(location)\", which holds tensor \"\(tensor)\", is not a plain file of its own (a link or a device).")
    }
    let file = try MappedFile(path: location, place: "\(folder)/\(location)", descriptor: descriptor)
    files[location] = file
    ahead.begin(file)
    return file
  }
}
