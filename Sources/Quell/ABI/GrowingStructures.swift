import CQuell

/// A structure that grows from version to version by fields at its end; its first field is its size as the caller knows it.
protocol GrowingStructure {
  init()
  var struct_size: UInt32 { get set }
  /// Bytes that the structure had in the first version of the interface.
  static var firstSize: Int { get }
}

extension quell_session_options: GrowingStructure { static var firstSize: Int { 8 } }
extension quell_sampler_options: GrowingStructure { static var firstSize: Int { 24 } }
extension quell_adaptation: GrowingStructure { static var firstSize: Int { 24 } }
extension quell_counts: GrowingStructure { static var firstSize: Int { 56 } }
extension quell_cost: GrowingStructure { static var firstSize: Int { 40 } }

/// The options that a caller gave: fields that it does not know are zero. Null gives nothing but zeros.
func options<Options: GrowingStructure>(_ given: UnsafePointer<Options>?, _ what: StaticString) throws(Failure) -> Options {
  var options = Options()
  guard let given else { return options }
  let size = try size(given, what)
  let known = MemoryLayout<Options>.size
  let bytes = UnsafeRawBufferPointer(start: given, count: size)
  for index in known..<max(known, size) where bytes[index] != 0 {
    throw Failure(QUELL_UNSUPPORTED, what).then(" ask for something that this version of the library does not know")
  }
  withUnsafeMutableBytes(of: &options) { $0.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[..<min(size, known)])) }
  return options
}

/// Fills in as much of a caller's structure as the caller knows; what only the caller knows is set to zero.
func answer<Answer: GrowingStructure>(
  _ answer: Answer, to given: UnsafeMutablePointer<Answer>?, _ what: StaticString
) throws(Failure) {
  let given = try require(given, what)
  let size = try size(given, what)
  var answer = answer
  answer.struct_size = UInt32(size)
  let bytes = UnsafeMutableRawBufferPointer(start: given, count: size)
  withUnsafeBytes(of: answer) { known in
    for index in 0..<size { bytes[index] = index < known.count ? known[index] : 0 }
  }
}

private func size<Structure: GrowingStructure>(_ given: UnsafePointer<Structure>, _ what: StaticString) throws(Failure) -> Int {
  let size = Int(clamping: given.pointee.struct_size)
  // Nothing of ours will ever be that long: the field was not set.
  guard size >= Structure.firstSize, size <= 4096 else {
    throw Failure(QUELL_INVALID_ARGUMENT, what).then(" have a struct_size of ").then(size).then("; set it to sizeof the structure")
  }
  return size
}
