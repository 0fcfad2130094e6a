/// Makes known tensors of the tensors stored in a model: whole numbers are read, real and quantised ones stay where they
/// are.
final class TensorReader {
  private let file: MappedFile
  private let external: ExternalFiles

  init(_ file: MappedFile) {
    self.file = file
    external = ExternalFiles(besideModelAt: file.path)
  }

  /// A stored tensor. `name` names it where it has no name of its own.
  func tensor(_ stored: ONNXTensor, named name: String) throws(ImportFailure) -> Tensor {
    let name = stored.name.isEmpty ? name : stored.name
    guard let type = DataType(inFile: stored.type), type != .string else {
      throw .unsupported("Tensor \"\(name)\" has element type \(stored.type), which is not supported.")
    }
    var count = 1
    for axis in stored.shape {
      let (product, overflow) = count.multipliedReportingOverflow(by: axis)
      guard !overflow, product <= 1 << 40 else { throw .malformed("Tensor \"\(name)\" has an impossible shape.") }
      count = product
    }
    if let entries = stored.external {
      let (file, range) = try external.data(of: stored, entries: entries)
      return try raw(name, type, stored.shape, count, file, range)
    }
    if let range = stored.raw { return try raw(name, type, stored.shape, count, file, range) }
    return try fields(stored, name, type, count)
  }

  private func raw(
    _ name: String, _ type: DataType, _ shape: [Int], _ count: Int, _ file: MappedFile, _ range: Range<Int>
  ) throws(ImportFailure) -> Tensor {
    guard range.count == type.bytes(count) else {
      throw .malformed("Tensor \"\(name)\" has \(range.count) bytes of data where its shape \(shape) needs \(type.bytes(count)).")
    }
    if type.isReal { return .reals(Weight(WeightSource(name: name, type: type, file: file, range: range), shape: shape)) }
    if type.codeRange != nil { return .codes(Weight(WeightSource(name: name, type: type, file: file, range: range), shape: shape)) }
    guard count <= Call.mostElements else { throw .unsupported("Tensor \"\(name)\" is too large for whole numbers.") }
    let base = UnsafeRawBufferPointer(rebasing: file.bytes[range])
    func load<T: FixedWidthInteger>(_: T.Type) -> [Int64] {
      (0..<count).map { Int64(truncatingIfNeeded: base.loadUnaligned(fromByteOffset: $0 * MemoryLayout<T>.size, as: T.self)) }
    }
    let values =
      switch type {
      case .bool: load(UInt8.self)
      case .int32: load(Int32.self)
      case .uint32: load(UInt32.self)
      default: load(Int64.self)
      }
    return .integers(Tensor.Integers(shape: shape, values: values, type: type))
  }

  /// Data in the typed fields of the message rather than as bytes.
  private func fields(_ stored: ONNXTensor, _ name: String, _ type: DataType, _ count: Int) throws(ImportFailure) -> Tensor {
    // Half-precision numbers travel as their bits, in the field of 32-bit numbers.
    let isBits = type == .float16 || type == .bfloat16
    // Numbers of less than a byte share one: every entry of the field is a byte.
    if type.bits < 8, type.bits > 0 {
      guard stored.integers.count == type.bytes(count) else {
        throw .malformed("Tensor \"\(name)\" has \(stored.integers.count) bytes of data where its shape needs \(type.bytes(count)).")
      }
      let bytes = WeightSource(name: name, type: .uint8, values: stored.integers.map { Double(UInt8(truncatingIfNeeded: $0)) })
      return .codes(Weight(bytes.reread(as: type), shape: stored.shape))
    }
    let held = type.isReal && !isBits ? stored.reals.count : stored.integers.count
    guard held == count else {
      throw .malformed("Tensor \"\(name)\" has \(held) elements where its shape \(stored.shape) needs \(count).")
    }
    if type.codeRange != nil {
      return .codes(Weight(stored.integers.map { Double($0) }, shape: stored.shape, type: type, name: name))
    }
    guard type.isReal else { return .integers(Tensor.Integers(shape: stored.shape, values: stored.integers, type: type)) }
    let values =
      switch type {
      case .float16: stored.integers.map { Double(Float16(bitPattern: UInt16(truncatingIfNeeded: $0))) }
      case .bfloat16: stored.integers.map { Double(Float(bitPattern: UInt32(UInt16(truncatingIfNeeded: $0)) << 16)) }
      default: stored.reals
      }
    return .reals(Weight(values, shape: stored.shape, type: type, name: name))
  }
}
