import CQuell

/// The type of a tensor's numbers.
public enum WeightFormat: UInt32, Sendable {
  /// 32-bit IEEE 754.
  case f32 = 0
  /// 16-bit IEEE 754.
  case f16 = 1

  /// Bytes of one number.
  public var size: Int {
    switch self {
    case .f32: 4
    case .f16: 2
    }
  }
}

/// A matrix or vector in the file, used where it stands.
struct Tensor {
  let format: WeightFormat
  /// Contiguous vectors of ``columns`` numbers each; 1 for a vector.
  let rows: Int
  let columns: Int
  /// The first number. Tensors begin at multiples of the file's alignment.
  let data: UnsafeRawPointer
  let name: UnsafeRawBufferPointer

  /// Checks that an entry is of a type that can be used and lies wholly within the data section, which begins at `dataStart`.
  init(_ entry: GGUF.TensorEntry, of bytes: UnsafeRawBufferPointer, dataStart: Int) throws(Failure) {
    guard let format = WeightFormat(rawValue: entry.type) else {
      throw Failure(QUELL_UNSUPPORTED, "tensor '").then(entry.name).then("' is of GGUF type ").then(Int(entry.type))
        .then("; F32 and F16 can be used").at(entry.offset)
    }
    let (elements, tooMany) = entry.dimensions.0.multipliedReportingOverflow(by: entry.dimensions.1)
    let (size, tooLarge) = elements.multipliedReportingOverflow(by: format.size)
    guard !tooMany, !tooLarge, dataStart <= bytes.count, entry.dataOffset <= UInt64(bytes.count - dataStart),
      size <= bytes.count - dataStart - Int(entry.dataOffset)
    else {
      throw Failure(QUELL_MALFORMED, "tensor '").then(entry.name).then("' reaches past the end of the file; it may be truncated")
        .at(entry.offset)
    }
    guard entry.dataOffset % UInt64(ModelFile.alignment) == 0 else {
      throw Failure(QUELL_MALFORMED, "tensor '").then(entry.name).then("' does not begin at a multiple of the alignment").at(entry.offset)
    }
    self.format = format
    rows = entry.dimensions.1
    columns = entry.dimensions.0
    data = bytes.baseAddress! + dataStart + Int(entry.dataOffset)
    name = entry.name
  }
}
