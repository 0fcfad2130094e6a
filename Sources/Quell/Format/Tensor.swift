import CQuell

/// The type of a tensor's numbers.
public enum WeightFormat: UInt32, Sendable, CaseIterable {
  /// 32-bit IEEE 754.
  case f32 = 0
  /// 16-bit IEEE 754.
  case f16 = 1
  /// 4-bit integers in blocks of 32 with a scale of 16 bits each: GGUF's Q4_0.
  case int4 = 2
  /// 8-bit integers; the operations that use them bring the scales.
  case int8 = 24
  /// The upper half of a 32-bit float.
  case bf16 = 30

  /// How many neighbours in a row are stored together: a row is a whole number of such blocks.
  public var blockCount: Int { self == .int4 ? 32 : 1 }

  /// Bytes of one block.
  public var blockBytes: Int {
    switch self {
    case .f32: 4
    case .f16, .bf16: 2
    case .int8: 1
    case .int4: 18
    }
  }

  /// Whether an operation multiplies what it makes of these numbers by scales of its own.
  public var needsScale: Bool { self == .int8 }
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

  /// Bytes from one row to the next.
  var rowBytes: Int { columns / format.blockCount * format.blockBytes }

  /// Bytes of all rows.
  var byteCount: Int { rows * rowBytes }
}

extension Tensor {
  /// Checks that an entry is of a type that can be used and lies wholly within the data section, which begins at `dataStart`.
  init(_ entry: GGUF.TensorEntry, of bytes: UnsafeRawBufferPointer, dataStart: Int) throws(Failure) {
    guard let format = WeightFormat(rawValue: entry.type) else {
      throw Failure(QUELL_UNSUPPORTED, "tensor '").then(entry.name).then("' is of GGUF type ").then(Int(clamping: entry.type))
        .then("; F32, F16, BF16, I8 and Q4_0 can be used").at(entry.offset)
    }
    guard entry.dimensions.0 % format.blockCount == 0 else {
      throw Failure(QUELL_MALFORMED, "the rows of tensor '").then(entry.name).then("' are no whole number of blocks of ")
        .then(format.blockCount).at(entry.offset)
    }
    let blocks = entry.dimensions.0 / format.blockCount
    let (elements, tooMany) = blocks.multipliedReportingOverflow(by: entry.dimensions.1)
    let (size, tooLarge) = elements.multipliedReportingOverflow(by: format.blockBytes)
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
